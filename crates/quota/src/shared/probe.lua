-- Writes something, since a store that is full or a replica answers only questions.
redis.call('SET', KEYS[1], 1, 'PX', 60000)
return 1
