-- The requests of one measurement, for wrk. OPERATION, ENTITIES and TURN come by the environment.
-- Every thread and every turn has its own numbers, so that no two create the same entity.

local operation = os.getenv("OPERATION")
local entities = tonumber(os.getenv("ENTITIES"))
local turn = os.getenv("TURN") or "0"
local base = "/ngsi-ld/v1/entities"

local threads = 0
function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

local json = { ["Content-Type"] = "application/json" }

local made = 0
function init(args)
  math.randomseed(number * 7919 + 17)
  local key = os.getenv("KEY")
  if key then
    wrk.headers["Authorization"] = "Bearer " .. key
    json["Authorization"] = "Bearer " .. key
  end
end

local function id()
  return "urn:ngsi-ld:Sensor:" .. math.random(0, entities - 1)
end

local function somewhere()
  return (36.7 + math.random() * 0.2) .. "%2C" .. (-1.35 + math.random() * 0.15)
end

local function ordered(by)
  return wrk.format("GET", base .. "?type=Sensor&limit=20&orderBy=" .. by)
end

local function rare(width)
  local low = math.random(0, 99999) / 1000
  return wrk.format("GET", base .. "?type=Sensor&limit=20&q=temperature%3D%3D" .. low .. ".." .. low + width)
end

local function near(metres)
  return wrk.format("GET", base .. "?type=Sensor&limit=20&georel=near%3BmaxDistance%3D%3D" .. metres
    .. "&geometry=Point&coordinates=%5B" .. somewhere() .. "%5D")
end

local makers
makers = {
  get = function()
    return wrk.format("GET", base .. "/" .. id())
  end,
  patch = function()
    local body = '{"value":' .. math.random(0, 1000000) / 1000 .. "}"
    return wrk.format("PATCH", base .. "/" .. id() .. "/attrs/temperature", json, body)
  end,
  create = function()
    made = made + 1
    local new = "urn:ngsi-ld:Sensor:new-" .. turn .. "-" .. number .. "-" .. made
    local body = '{"id":"' .. new .. '","type":"Sensor","temperature":{"type":"Property","value":21.5,"unitCode":"CEL"},'
      .. '"humidity":{"type":"Property","value":40},"status":{"type":"Property","value":"ok"},'
      .. '"location":{"type":"GeoProperty","value":{"type":"Point","coordinates":[36.8,-1.28]}},'
      .. '"refDistrict":{"type":"Relationship","object":"urn:ngsi-ld:District:1"}}'
    return wrk.format("POST", base, json, body)
  end,
  mixed = function()
    return makers[math.random(10) == 1 and "patch" or "get"]()
  end,
  type = function()
    return wrk.format("GET", base .. "?type=Sensor&limit=20")
  end,
  q = function()
    return wrk.format("GET", base .. "?type=Sensor&limit=20&q=temperature%3E" .. math.random(20, 60))
  end,
  rare = function()
    return rare(0.01)
  end,
  near = function()
    return near(300)
  end,
  -- So that as many match as of the two above among 10 000.
  rare_alike = function()
    return rare(0.01 * 10000 / entities)
  end,
  near_alike = function()
    return near(300 * math.sqrt(10000 / entities))
  end,
  number = function()
    return ordered("temperature%3Bdesc")
  end,
  latest = function()
    return ordered("createdAt%3Bdesc")
  end,
  several = function()
    return ordered("status%2Cid%3Bdesc")
  end,
  nearest = function()
    return ordered("location%3Bdist-asc&orderFrom=%5B" .. somewhere() .. "%5D")
  end,
  farthest = function()
    return ordered("location%3Bdist-desc&orderFrom=%5B" .. somewhere() .. "%5D")
  end,
}

request = makers[operation]

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"duration_us":%d,"bytes":%d,"median_us":%d,"p99_us":%d,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
