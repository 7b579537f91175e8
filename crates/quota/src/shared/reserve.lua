-- Admits and counts a request, or says when each limit that leaves no room will. The same rules as
-- in account.rs: ticks of 100 ms, 600 to the minute, and a clock that never goes back.
--
-- KEYS: the account, the log of its ticks.
-- ARGV: now and the next midnight in milliseconds, tokens; rpm, rpd, tpm, tpd, or -1; a mark for the
-- account, should it be new: what was counted in one that was lost is not corrected in the next; how
-- many ticks the minute has.
-- Returns {1, tick, day, mark, requests of the minute} or {0, when each of the four is free}: milliseconds, -1 never, -2 now.
local account, log = KEYS[1], KEYS[2]
local now, midnight, tokens = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local minute = tonumber(ARGV[9])
local function whole(number) return string.format('%.0f', number) end

local fields = redis.call('HMGET', account, 'latest', 'ahead', 'day', 'ends', 'mr', 'mt', 'dr', 'dt', 'mark')
local is_new = not fields[1]
local tick = math.floor(now / 100)
local latest, ahead = tonumber(fields[1] or tick), tonumber(fields[2] or 0)
local day, ends = tonumber(fields[3] or midnight), tonumber(fields[4] or midnight)
local mr, mt = tonumber(fields[5] or 0), tonumber(fields[6] or 0)
local dr, dt = tonumber(fields[7] or 0), tonumber(fields[8] or 0)
local mark = fields[9] or ARGV[8]

local back = math.max(latest - tick - ahead, 0)
local set_back = back > minute
if set_back then ahead = ahead + back end
latest = math.max(latest, tick + ahead)
while true do
  local first = redis.call('LINDEX', log, 0)
  if not first or tonumber(first) + minute >= latest then break end
  local used = redis.call('HMGET', account, 'r' .. first, 't' .. first)
  mr, mt = mr - tonumber(used[1] or 0), mt - tonumber(used[2] or 0)
  redis.call('HDEL', account, 'r' .. first, 't' .. first)
  redis.call('LPOP', log)
end
local is_over = now >= ends
if is_over then day, dr, dt = midnight, 0, 0 end
if is_over or set_back then ends = midnight end

local function minute_end(prefix, surplus)
  local ticks = redis.call('LRANGE', log, 0, -1)
  for _, name in ipairs(ticks) do
    surplus = surplus - tonumber(redis.call('HGET', account, prefix .. name) or 0)
    if surplus <= 0 then return (tonumber(name) + minute + 1 - ahead) * 100 end
  end
  return now
end

local free, is_exhausted = {}, false
for index, row in ipairs({ { mr, 1, 'r' }, { dr, 1 }, { mt, tokens, 't' }, { dt, tokens } }) do
  local used, asked, prefix = row[1], row[2], row[3]
  local limit = tonumber(ARGV[3 + index])
  free[index] = -2
  if limit >= 0 and used + asked > limit then
    is_exhausted = true
    if asked > limit or limit == 0 then free[index] = -1
    elseif prefix then free[index] = minute_end(prefix, used + asked - limit)
    else free[index] = ends end
  end
end

if not is_exhausted then
  mr, mt, dr, dt = mr + 1, mt + tokens, dr + 1, dt + tokens
  local name = whole(latest)
  if redis.call('HINCRBY', account, 'r' .. name, 1) == 1
    and redis.call('LINDEX', log, -1) ~= name then redis.call('RPUSH', log, name) end
  redis.call('HINCRBY', account, 't' .. name, whole(tokens))
end
if not is_exhausted or not is_new then
  redis.call('HSET', account, 'latest', whole(latest), 'ahead', whole(ahead), 'day', whole(day),
    'ends', whole(ends), 'mr', whole(mr), 'mt', whole(mt), 'dr', whole(dr), 'dt', whole(dt),
    'mark', mark)
  -- A minute longer than anything counts, since clocks may be unsteady.
  local life = math.max(ends - now, (minute + 1) * 100) + 60000
  redis.call('PEXPIRE', account, whole(life))
  redis.call('PEXPIRE', log, whole(life))
end
if is_exhausted then return { 0, free[1], free[2], free[3], free[4] } end
return { 1, latest, day, tonumber(mark), mr }
