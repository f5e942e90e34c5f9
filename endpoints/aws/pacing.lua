-- One bucket of AWS's, mirrored: `tokens` that AWS holds for us, refilled since `at`; `factor`, what throttles taught
-- about the rate; and three lines of the time at which the last in line was told to come back: `urgent`, `routine`,
-- and `late` for those whose turn came when no token was there. Lines only say when to ask; tokens alone let through.
--
-- KEYS[1]: the bucket. ARGV: verb, burst, tokens a second, slack, the time in seconds or '' for the server's own, and
-- the verb's arguments. It answers "go", "unknown", "done", or seconds to wait: as text, since numbers lose their fraction.

local verb, burst, rate, slack = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local now = tonumber(ARGV[5])
if not now then
  local clock = redis.call('TIME')
  now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
end

local LOWER, FLOOR = 0.75, 0.1      -- a throttle takes a quarter of the rate, down to a tenth
local RECOVERY = 1 / 600            -- of the full rate a second: a quarter is back after two and a half minutes
local ONCE = 5                      -- seconds: the throttles of calls that were under way together count once
local GRACE = 1.5                   -- seconds that an urgent operation has for coming back at its turn
local KEPT = 86400000               -- milliseconds until a bucket that nobody asks is forgotten
local ALMOST = 0.000001             -- rounding must not turn "one token, exactly now" into a refusal

local names = {'tokens', 'at', 'factor', 'learnt', 'lowered', 'urgent', 'routine', 'late'}
local stored = redis.call('HMGET', KEYS[1], unpack(names))
local bucket = {}
for index, name in ipairs(names) do bucket[name] = tonumber(stored[index]) end

local function save()
  local fields = {}
  for _, name in ipairs(names) do
    fields[#fields + 1] = name
    fields[#fields + 1] = string.format('%.6f', bucket[name])
  end
  redis.call('HSET', KEYS[1], unpack(fields))
  redis.call('PEXPIRE', KEYS[1], KEPT)
end

if verb == 'rebuild' then
  if not bucket.tokens then
    local urgent, routine = tonumber(ARGV[7]), tonumber(ARGV[8])
    bucket = {tokens = tonumber(ARGV[6]), at = now, factor = 1, learnt = now, lowered = 0, late = 0,
              urgent = urgent > 0 and now + urgent or 0, routine = routine > 0 and now + routine or 0}
    save()
  end
  return 'done'
end
if not bucket.tokens then return 'unknown' end

bucket.tokens = math.min(burst, bucket.tokens + math.max(0, now - bucket.at) * rate * bucket.factor)
bucket.at = math.max(now, bucket.at)
if now > bucket.learnt then
  bucket.factor = math.min(1, bucket.factor + (now - bucket.learnt) * RECOVERY)
  bucket.learnt = now
end
local each = 1 / (rate * bucket.factor)

local function free_at()
  if bucket.tokens >= 1 - ALMOST then return now end
  return bucket.at + (1 - bucket.tokens) * each
end

local function line_up(line, behind)
  bucket[line] = math.max(free_at(), behind + each)
  return string.format('%.6f', math.max(bucket[line] - now, 0.001))
end

local function take(kind, promised)
  local before = math.max(bucket.urgent, bucket.late)
  local ahead = before
  if kind == 'routine' then
    before = before + GRACE
    ahead = promised and before or math.max(before, bucket.routine)
  elseif kind == 'read' or promised then
    ahead = now
  end
  if bucket.tokens >= 1 - ALMOST and ahead <= now then
    -- AWS's bucket begins to refill when the first call arrives there, which is a moment later.
    if bucket.tokens >= burst - ALMOST then bucket.at = now + slack end
    bucket.tokens = bucket.tokens - 1
    return 'go'
  end
  if kind == 'read' then return string.format('%.6f', free_at() - now) end
  if kind == 'routine' then
    return line_up('routine', math.max(before - each, bucket.routine))
  end
  if promised then return line_up('late', bucket.late) end
  return line_up('urgent', before)
end

local function throttled()
  if now - bucket.lowered > ONCE then
    bucket.factor = math.max(FLOOR, bucket.factor * LOWER)
    bucket.lowered = now
    each = 1 / (rate * bucket.factor)
  end
  bucket.tokens = math.min(bucket.tokens, 0)
  bucket.at = now + slack
  return line_up('late', bucket.late)
end

local answer = 'done'
if verb == 'take' then
  answer = take(ARGV[6], ARGV[7] == 'promised')
elseif verb == 'give back' then
  bucket.tokens = math.min(burst, bucket.tokens + 1)
elseif verb == 'throttled' then
  answer = throttled()
end
save()
return answer
