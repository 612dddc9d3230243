-- The limiter in Redis (ports/limiter.h): every question is one run of this script, so it happens whole or not at all.
-- All keys carry one hash tag, so that in a cluster they are in one slot.
--   pool   hash: now (never goes back), run (the server's run whose memory was checked against the store), rules, seq
--   a:ID   packed numbers: g grant, u last use, b busy until, n not before (gap), h held until, r restored: not
--          before, p when the open grant's token returns (0: none is open), k the last token's name, s silent,
--          e until when its tokens are kept
--   t:ID   sorted set: tokens that are out, by the time of their return; some that are back until it is full
--   ready  sorted set: agents that may send, by last use      wait   sorted set: the others, by when they may
--   busy   sorted set: agents with an open grant, by its end  site   sorted set: grants of the last second
--   set:D  set: agents somebody may choose from, named by the digest of the list
-- ARGV: op, now (0: the server's clock), run, capacity, window, gap, ttl, timeout, inflight, rate, roll, …
local TICK, SITE_MS, NEVER, KEEP_MS, SOME = 1, 1000, 9e15, 86400000, 64
local call, base, op, run = redis.call, string.sub(KEYS[1], 1, -5), ARGV[1], ARGV[3]
local now = tonumber(ARGV[2])
local cap, win, gap, ttl = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local life = ttl + tonumber(ARGV[8])
local inflight, rate, roll = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])
local rules = table.concat(ARGV, ' ', 4, 8)
local READY, WAIT, BUSY, SITE = base .. 'ready', base .. 'wait', base .. 'busy', base .. 'site'
local gap_last = gap + math.floor(gap / 4)

local pool = call('HMGET', KEYS[1], 'now', 'run', 'rules', 'arming', 'arm_at')
if now == 0 then
    local time = call('TIME')
    now = time[1] * 1000 + math.floor(time[2] / 1000)
end
now = math.max(now, tonumber(pool[1] or 0))

local function name(id) -- of one width, so that agents of one age stand in the order of their numbers
    return string.format('%016.0f', tonumber(id))
end

local function chance() -- Park and Miller's generator, from the caller's roll
    roll = (roll * 16807) % 2147483647
    return gap + math.floor(roll / 2147483647 * (math.floor(gap / 4) + 1))
end

---- what a turn does to the lists of agents: each list is written once, because the calls are what takes time

local leaves, waits, over, busy, charges = {}, {}, {}, {}, 0

local function flush()
    if #leaves > 0 then call('ZREM', READY, unpack(leaves)) end
    if #waits > 0 then call('ZADD', WAIT, unpack(waits)) end
    if #over > 0 then call('ZREM', BUSY, unpack(over)) end
    if #busy > 0 then call('ZADD', BUSY, unpack(busy)) end
    if charges > 0 then
        local last, add = call('HINCRBY', KEYS[1], 'seq', charges), {}
        for i = 1, charges do
            add[2 * i - 1], add[2 * i] = now + SITE_MS + TICK, last - charges + i
        end
        call('ZADD', SITE, unpack(add))
    end
    leaves, waits, over, busy, charges = {}, {}, {}, {}, 0
end

---- one agent

local FORM, known = '<dddddddddd', {} -- known: what this run has read

local function fetch(ids)
    local keys, asked = {}, {}
    for _, id in ipairs(ids) do
        if not known[id] then
            keys[#keys + 1] = base .. 'a:' .. id
            asked[#asked + 1] = id
        end
    end
    if #keys == 0 then return end
    for i, text in ipairs(call('MGET', unpack(keys))) do
        local a = { id = asked[i], key = keys[i], tokens = base .. 't:' .. asked[i], is_known = text ~= false }
        if text then
            a.g, a.u, a.b, a.n, a.h, a.p, a.k, a.s, a.r, a.e = struct.unpack(FORM, text)
        else
            a.g, a.u, a.b, a.n, a.h, a.p, a.k, a.s, a.r, a.e = 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
        end
        known[asked[i]] = a
    end
end

local function load(id)
    if not known[id] then fetch({ id }) end
    return known[id]
end

local function expire(a)
    call('PEXPIRE', a.tokens, math.max(a.e - now, 1))
end

local function save(a) -- and keeps it long enough that nothing which counts is forgotten
    local until_ms = math.max(a.h, a.r, a.b, now)
    local keep_ms = until_ms - now + win + KEEP_MS
    local is_short = a.e < math.max(a.r, a.b, now) + win + KEEP_MS / 2
    if is_short then a.e = math.max(a.r, a.b, now) + win + KEEP_MS end
    local text = struct.pack(FORM, a.g, a.u, a.b, a.n, a.h, a.p, a.k, a.s, a.r, a.e)
    a.is_known = true
    if until_ms >= NEVER then call('SET', a.key, text) else call('SET', a.key, text, 'PX', keep_ms) end
    if is_short then expire(a) end
end

local function count_out(a)
    return call('ZCOUNT', a.tokens, '(' .. now, '+inf')
end

local function token_at(a, out)
    if out < cap then return 0 end
    return tonumber(call('ZRANGEBYSCORE', a.tokens, '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', out - cap, 1)[2])
end

local function ready_at(a, out)
    local at = math.max(a.h, a.n, a.r, token_at(a, out))
    if a.p > 0 then at = math.max(at, a.b + gap_last) end -- it may have sent at the last moment
    return at
end

local function await(a, out)
    waits[#waits + 1] = ready_at(a, out)
    waits[#waits + 1] = a.id
end

local function index(a) -- those that are back are thrown away only once they could be mistaken for a full bucket
    local out = call('ZCARD', a.tokens)
    if out >= cap then
        call('ZREMRANGEBYSCORE', a.tokens, '-inf', now)
        out = count_out(a)
    end
    leaves[#leaves + 1] = a.id
    await(a, out)
    if #leaves >= 1000 then flush() end
end

local function open(a)
    a.b = now + life
    a.p = a.b + win + TICK
    a.u = now
    a.k = a.k + 1
    call('ZADD', a.tokens, a.p, a.k)
    busy[#busy + 1] = a.b
    busy[#busy + 1] = a.id
end

local function close(a) -- its token returns one window after the request was over
    local at = math.min(now, a.b)
    call('ZADD', a.tokens, 'XX', at + win + TICK, a.k)
    a.n = math.max(a.n, at + chance())
    a.p = 0
    over[#over + 1] = a.id
end

local function put_back(a) -- nothing left: neither the agent's token nor the site's was used
    local at = a.u + SITE_MS + TICK
    call('ZREM', a.tokens, a.k)
    a.p = 0
    over[#over + 1] = a.id
    if rate > 0 then call('ZREM', SITE, call('ZRANGEBYSCORE', SITE, at, at, 'LIMIT', 0, 1)[1] or '') end
end

---- other rules than before: every agent is brought to them, once

local function shift_tokens(a, by)
    local out = call('ZRANGE', a.tokens, 0, -1, 'WITHSCORES')
    for i = 1, #out, 2 do call('ZADD', a.tokens, out[i + 1] + by, out[i]) end
    if a.p > 0 then a.p = a.p + by end
end

-- What had returned under a shorter window is not known any more: it counts as spent as late as can be.
local function distrust(a, old_win)
    local back_at = math.min(a.u + life, now - old_win) + win + TICK
    if a.u > 0 and back_at > now then a.r = math.max(a.r, back_at) end
end

local function change_rules()
    local old_win = tonumber(string.match(pool[3], '^%S+ (%S+)'))
    for _, key in ipairs({ READY, WAIT }) do
        for _, id in ipairs(call('ZRANGE', key, 0, -1)) do
            local a = load(id)
            if a.is_known then
                if win ~= old_win then shift_tokens(a, win - old_win) end
                if win > old_win then distrust(a, old_win) end
                save(a)
                index(a)
            end
        end
    end
    flush()
end

---- a turn

local function apply_report(id, grant, was_sent, hold)
    local a = load(name(id))
    if a.p == 0 or a.g ~= grant then return end -- told before, or the agent has another grant
    a.s = 0
    if was_sent then close(a) else put_back(a) end
    if hold > 0 then a.h = math.max(a.h, math.min(now + hold, NEVER)) end
    save(a)
    index(a)
end

local function promote() -- those whose time has come
    while true do
        local due = call('ZRANGEBYSCORE', WAIT, '-inf', now, 'LIMIT', 0, 1000)
        if #due == 0 then return end
        local add = {}
        fetch(due)
        for i, id in ipairs(due) do
            add[2 * i - 1] = known[id].u
            add[2 * i] = id
        end
        call('ZADD', READY, unpack(add))
        call('ZREM', WAIT, unpack(due))
    end
end

local function site_room()
    local room = NEVER
    if inflight > 0 then room = inflight - call('ZCARD', BUSY) end
    if rate > 0 then
        call('ZREMRANGEBYSCORE', SITE, '-inf', now)
        room = math.min(room, rate - call('ZCARD', SITE))
    end
    return room
end

local function charge_site()
    if rate > 0 then charges = charges + 1 end
end

local function give(a, given)
    local out = count_out(a)
    given[#given + 1] = a.id
    given[#given + 1] = a.g
    given[#given + 1] = cap - out
    given[#given + 1] = a.s
    save(a)
    if out == 1 then expire(a) end -- its tokens' set may be a new one
    await(a, out)
end

local function grant(id, given)
    local a = load(id)
    charge_site()
    if a.p > 0 then a.s = 1 end
    open(a)
    a.g = a.g + 1
    give(a, given)
end

-- The least recently used first, so that the load is spread evenly (A1).
local function choose(set, want, given)
    local room, at, count = site_room(), 0, 0
    while count < want and count < room do
        local some = call('ZRANGE', READY, at, at + SOME - 1)
        if #some == 0 then return end
        local asked, chosen = call('SMISMEMBER', set, unpack(some)), {}
        for i, id in ipairs(some) do
            if asked[i] == 0 then
                at = at + 1
            elseif count < want and count < room then
                count = count + 1
                chosen[#chosen + 1] = id
            end
        end
        fetch(chosen)
        for _, id in ipairs(chosen) do grant(id, given) end
        if #chosen > 0 then call('ZREM', READY, unpack(chosen)) end
    end
end

local function first_asked(set)
    for _, key in ipairs({ READY, WAIT }) do
        local at = 0
        while true do
            local some = call('ZRANGE', key, at, at + SOME - 1, 'WITHSCORES')
            if #some == 0 then break end
            for i = 1, #some, 2 do
                if call('SISMEMBER', set, some[i]) == 1 then return key == READY and now or tonumber(some[i + 1]) end
            end
            at = at + SOME
        end
    end
    return NEVER
end

local function wait_ms(set)
    local at = first_asked(set)
    if inflight > 0 and call('ZCARD', BUSY) >= inflight then
        at = math.max(at, tonumber(call('ZRANGE', BUSY, 0, 0, 'WITHSCORES')[2]))
    end
    if rate > 0 then
        local count = call('ZCARD', SITE)
        if count >= rate then
            at = math.max(at, tonumber(call('ZRANGE', SITE, count - rate, count - rate, 'WITHSCORES')[2]))
        end
    end
    if at >= NEVER then return -1 end
    return math.max(at - now, 1)
end

-- The answer was lost: nothing was sent under these grants, so they live anew. *: what is not wanted any more goes back.
local function repeat_grants(old, set, want, given)
    for id, g in string.gmatch(old, '(%d+),(%d+);') do
        local a = load(id)
        if a.p > 0 and a.g == tonumber(g) and a.b > now then
            if #given / 4 < want and call('SISMEMBER', set, id) == 1 then
                call('ZREM', a.tokens, a.k)
                open(a)
                give(a, given)
            else
                put_back(a)
                save(a)
                index(a)
            end
        end
    end
end

local function remember(key, attempt, given)
    local text = {}
    for i = 1, #given, 4 do text[#text + 1] = given[i] .. ',' .. string.format('%.0f', given[i + 1]) .. ';' end
    call('SET', key, attempt .. ':' .. table.concat(text), 'PX', life)
end

-- 12 client, 13 attempt, 14 is it asked again, 15 want, 16 digest, 17 … reports: agent, grant, was it sent, hold
local function turn()
    local set, want, given, wait, old = base .. 'set:' .. ARGV[16], tonumber(ARGV[15]), {}, 0, nil
    local key = base .. 'last:' .. ARGV[12]
    if want > 0 and call('PEXPIRE', set, KEEP_MS) == 0 then return { 'SET' } end
    call('ZREMRANGEBYSCORE', BUSY, '-inf', now)
    local told = {}
    for i = 17, #ARGV, 4 do told[#told + 1] = name(ARGV[i]) end
    fetch(told)
    for i = 17, #ARGV, 4 do
        apply_report(ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2] == '1', tonumber(ARGV[i + 3]))
    end
    flush()
    promote()
    if ARGV[14] == '1' then
        old = call('GET', key) or ''
        if string.sub(old, 1, #ARGV[13] + 1) ~= ARGV[13] .. ':' then old = nil end
    end
    if old then repeat_grants(old, set, want, given) elseif want > 0 then choose(set, want, given) end
    flush()
    if want > 0 then
        remember(key, ARGV[13], given)
        if #given / 4 < want then wait = wait_ms(set) end
    end
    return { 'OK', now, wait, unpack(given) }
end

---- the other questions

local function again() -- 12 agent, 13 grant
    local a = load(name(ARGV[12]))
    if a.p == 0 or a.g ~= tonumber(ARGV[13]) or a.b <= now then return { 'OVER' } end
    if count_out(a) >= cap or a.r > now then return { 'EMPTY' } end
    close(a)
    open(a)
    charge_site()
    save(a)
    index(a)
    flush()
    return { 'OK', now }
end

local function look() -- 12 … agents
    local seen = { 'OK', now }
    for i = 12, #ARGV do
        local a = load(name(ARGV[i]))
        local out = count_out(a)
        local at = math.max(token_at(a, out), a.r > now and a.r or 0)
        seen[#seen + 1] = a.r > now and 0 or math.max(cap - out, 0)
        seen[#seen + 1] = at
        seen[#seen + 1] = a.h > now and a.h or 0
        seen[#seen + 1] = (a.p > 0 and a.b > now) and 1 or 0
    end
    return seen
end

local function unhold() -- 12 agent
    local a = load(name(ARGV[12]))
    if a.is_known then
        a.h = 0
        save(a)
        index(a)
        flush()
    end
    return { 'OK', now }
end

local function add_set() -- 12 digest, 13 client, 14 is it the last part, 15 … agents
    local part, ids = base .. 'part:' .. ARGV[13], {}
    for i = 15, #ARGV do
        local id = name(ARGV[i])
        ids[#ids + 1] = id
        if not call('ZSCORE', READY, id) and not call('ZSCORE', WAIT, id) then call('ZADD', READY, 0, id) end
    end
    call('SADD', part, unpack(ids))
    call('PEXPIRE', part, KEEP_MS)
    if ARGV[14] == '1' then call('RENAME', part, base .. 'set:' .. ARGV[12]) end
    return { 'OK', now }
end

---- after a loss

-- How long until whoever holds a grant that was lost can no longer use it.
local function begin()
    local since = tonumber(pool[5] or 0)
    if pool[4] ~= run then
        since = now
        call('HSET', KEYS[1], 'arming', run, 'arm_at', now, 'now', now)
    end
    return { 'OK', now, math.max(0, since + ttl - now) }
end

-- 12 … agent, grant, last use by the store's record. One that this Redis knows nothing of was lost: the agent waits
-- until all it may have sent by then is out of the window.
local function restore()
    local lost = 0
    for i = 12, #ARGV, 3 do
        local a, grant_id, used = load(name(ARGV[i])), tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
        now = math.max(now, used)
        if a.u < used then
            lost = lost + 1
            a.u, a.g, a.s = used, math.max(a.g, grant_id), 1
            a.r = math.max(a.r, used + life + win + TICK)
            save(a)
            index(a)
        end
    end
    flush()
    call('HSET', KEYS[1], 'now', now)
    return { 'OK', now, lost }
end

if op == 'begin' then return begin() end
if op == 'restore' then return restore() end
if op == 'armed' then
    call('HSET', KEYS[1], 'run', run)
    call('HDEL', KEYS[1], 'arming', 'arm_at')
    return { 'OK', now }
end
if pool[2] ~= run then return { 'ARM' } end
if pool[3] ~= rules then
    if pool[3] then change_rules() end
    call('HSET', KEYS[1], 'rules', rules)
end
-- A full server refuses a script's first write if that takes memory, and no later one: so nothing is ever half done.
call('HSET', KEYS[1], 'now', now)
if op == 'turn' then return turn() end
if op == 'again' then return again() end
if op == 'look' then return look() end
if op == 'unhold' then return unhold() end
return add_set()
