-- Changes what an admission stands for, as far as it still counts.
--
-- KEYS: the account. ARGV: its tick and day; how many requests and tokens to add; the account's mark.
local account, tick = KEYS[1], ARGV[1]
if redis.call('HGET', account, 'mark') ~= ARGV[5] then return 0 end
if redis.call('HEXISTS', account, 'r' .. tick) == 1 then
  redis.call('HINCRBY', account, 'r' .. tick, ARGV[3])
  redis.call('HINCRBY', account, 't' .. tick, ARGV[4])
  redis.call('HINCRBY', account, 'mr', ARGV[3])
  redis.call('HINCRBY', account, 'mt', ARGV[4])
end
if redis.call('HGET', account, 'day') == ARGV[2] then
  redis.call('HINCRBY', account, 'dr', ARGV[3])
  redis.call('HINCRBY', account, 'dt', ARGV[4])
end
return 1
