-- Pins a note to a board, and takes off those whose time has passed.
--
-- KEYS: the board. ARGV: now and the note's end in milliseconds, its name, its text.
local board, now, latest = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local notes = redis.call('HGETALL', board)
for index = 1, #notes, 2 do
  if notes[index] ~= 'version' then
    local ends = tonumber(string.match(notes[index + 1], '^%d+'))
    if ends <= now then redis.call('HDEL', board, notes[index]) end
    latest = math.max(latest, ends)
  end
end
-- Of a board that was lost, the next one never repeats a version.
local version = tonumber(redis.call('HGET', board, 'version') or 0)
version = string.format('%.0f', math.max(version + 1, now))
redis.call('HSET', board, 'version', version, 'note:' .. ARGV[3], ARGV[2] .. ' ' .. ARGV[4])
redis.call('PEXPIRE', board, string.format('%.0f', math.max(latest - now, 0) + 60000))
return 1
