-- Before reserve.lua: answers with what stands on a board, and counts nothing, if that has changed.
--
-- KEYS, ARGV: those of reserve.lua; then the board, and its version as it is known, 0 for none.
-- Returns {2, version, {name, until and text, ...}}.
local version = tonumber(redis.call('HGET', KEYS[3], 'version') or 0)
if version ~= tonumber(ARGV[10]) then
  return { 2, version, redis.call('HGETALL', KEYS[3]) }
end
