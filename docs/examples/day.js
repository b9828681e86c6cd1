// The example day under load, for k6 (https://k6.io):
//
//   k6 run -e BASE=http://127.0.0.1:8080 docs/examples/day.js
//
// Stations send scans in batches and a health-code system looks statuses up, both at a rate
// that rises whatever the server answers: a slow server is not asked less. The tubes and
// people of scans.ndjson are numbered anew in each batch, so that nothing is a duplicate.
//   -e SECONDS=60   how long it takes       -e SCANS=50     batches of scans a second at the end
//   -e STATUSES=200 lookups a second at the end
import http from 'k6/http';
import exec from 'k6/execution';
import { check, fail } from 'k6';

const base = __ENV.BASE || 'http://127.0.0.1:8080';
const seconds = Number(__ENV.SECONDS || 60);
const rising = `${Math.ceil(seconds / 2)}s`;
const steady = `${Math.floor(seconds / 2)}s`;

const ndjson = { headers: { 'Content-Type': 'application/x-ndjson' } };
const json = { headers: { 'Content-Type': 'application/json' } };
const csv = { headers: { 'Content-Type': 'text/csv' } };

const areas = open('./areas.ndjson');
const sites = open('./sites.ndjson');
const labs = open('./labs.ndjson');
const round = open('./round.json');
const roster = open('./roster.csv');
const scans = open('./scans.ndjson').trim().split('\n').map((line) => JSON.parse(line));
const people = roster.trim().split('\n').slice(1).map((line) => line.split(',')[0]);

const batches = Number(__ENV.SCANS || 50);
const lookups = Number(__ENV.STATUSES || 200);

const arrival = (exec, rate) => ({
  executor: 'ramping-arrival-rate',
  exec,
  startRate: Math.max(1, Math.floor(rate / 10)),
  timeUnit: '1s',
  preAllocatedVUs: 100,
  maxVUs: 200,
  stages: [{ target: rate, duration: rising }, { target: rate, duration: steady }],
});

export const options = {
  scenarios: {
    scans: arrival('sendScans', batches),
    statuses: arrival('askStatuses', lookups),
  },
  thresholds: {
    checks: ['rate==1'],
    http_req_failed: ['rate==0'],
    'http_req_duration{scenario:scans}': ['p(95)<250'],
    'http_req_duration{scenario:statuses}': ['p(95)<100'],
    dropped_iterations: [`count<${Math.ceil((batches + lookups) * seconds / 100)}`], // asked of the generator: 1 %
  },
};

export function setup() {
  const put = (answer, what) => {
    if (answer.status !== 200 || answer.json('rejected') !== 0) {
      fail(`${what}: ${answer.status} ${answer.body}`);
    }
  };
  put(http.put(`${base}/v1/areas`, areas, ndjson), 'areas');
  put(http.put(`${base}/v1/sites`, sites, ndjson), 'sites');
  put(http.put(`${base}/v1/labs`, labs, ndjson), 'labs');
  put(http.put(`${base}/v1/rounds/EXAMPLE`, round, json), 'round');
  put(http.post(`${base}/v1/roster`, roster, csv), 'roster');
  return { run: Date.now().toString(36).toUpperCase() }; // another run, other tubes
}

export function sendScans(data) {
  const n = exec.scenario.iterationInTest;
  const body = scans.map((scan, i) => JSON.stringify(Object.assign({}, scan, {
    tube: `${scan.tube}-${data.run}-${n}`,
    person: `none:9901010101:${data.run}-${n * scans.length + i}`,
  }))).join('\n');
  const answer = http.post(`${base}/v1/scans`, body, ndjson);
  check(answer, {
    'scans are taken': (a) => a.status === 200 && a.json('accepted') === scans.length,
  });
}

export function askStatuses() {
  const answer = http.post(`${base}/v1/status`, JSON.stringify({ people }), json);
  check(answer, {
    'a status for everyone': (a) => a.status === 200 && a.body.trim().split('\n').length === people.length,
  });
}
