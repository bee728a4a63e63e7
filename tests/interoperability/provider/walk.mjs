// Logs in through oidc-provider, a published OpenID Connect provider, and sends its tokens:
//   node walk.mjs PROGRAM FOLDER
// The provider and the program listen on loopback, on ports of their own.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import { createInterface } from 'node:readline';
import Provider from 'oidc-provider';

const [program, folder] = process.argv.slice(2);
const AUDIENCE = 'https://twin.city.example';
const SECRET = 'a secret: with + and % and / and &';
const PEOPLE = {
  wanjiku: { groups: ['readers'], preferred_username: 'wanjiku' },
  achieng: { groups: ['chiefs'], preferred_username: 'achieng' },
  stranger: { groups: [], preferred_username: 'stranger' },
};

// A browser without a screen: it follows redirects and keeps cookies, by host.
class Browser {
  jar = new Map();

  async ask(url, form) {
    for (let hops = 0; hops < 20; hops += 1) {
      const { host, origin } = new URL(url);
      const cookies = this.jar.get(host) ?? new Map();
      const headers = { accept: 'text/html', cookie: [...cookies].map(([n, v]) => `${n}=${v}`).join('; ') };
      if (form) Object.assign(headers, { 'content-type': 'application/x-www-form-urlencoded', origin, 'sec-fetch-site': 'same-origin' });
      const answer = await fetch(url, { method: form ? 'POST' : 'GET', headers, body: form && new URLSearchParams(form).toString(), redirect: 'manual' });
      for (const line of answer.headers.getSetCookie()) {
        const [pair, ...rest] = line.split(';');
        const at = pair.indexOf('=');
        const gone = rest.some((part) => /max-age=0\b|expires=Thu, 01 Jan 1970/i.test(part));
        if (gone || at === pair.length - 1) cookies.delete(pair.slice(0, at));
        else cookies.set(pair.slice(0, at), pair.slice(at + 1));
      }
      this.jar.set(host, cookies);
      const to = answer.headers.get('location');
      if (!to || answer.status < 300 || answer.status > 399) return { url, status: answer.status, text: await answer.text() };
      await answer.arrayBuffer();
      [url, form] = [new URL(to, url).href, undefined];
    }
    throw new Error(`${url} redirects without end`);
  }

  // From the login page of the twin over the provider's own pages and back.
  async logIn(twin, who, next) {
    let page = await this.ask(`${twin}/login?next=${encodeURIComponent(next)}`);
    const way = /href="(\/login\/provider[^"]*)"/.exec(page.text)[1].replaceAll('&amp;', '&').replaceAll('&#38;', '&');
    page = await this.ask(twin + way);
    for (const form of [{ prompt: 'login', login: who, password: 'any' }, { prompt: 'consent' }]) {
      if (page.url.startsWith(twin)) break;
      assert.match(page.url, /\/interaction\//, page.text);
      page = await this.ask(page.url, form);
    }
    return page;
  }
}

async function listening(server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${server.address().port}`;
}

function providerAt(issuer, twin) {
  const jwk = (type, options, more) => ({ ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), use: 'sig', ...more });
  return new Provider(issuer, {
    clients: [
      { client_id: 'mapacha', client_secret: SECRET, redirect_uris: [`${twin}/login/provider/return`], post_logout_redirect_uris: [`${twin}/login`] },
      { client_id: 'feed', client_secret: 'feed', grant_types: ['client_credentials'], redirect_uris: [], response_types: [] },
    ],
    jwks: { keys: [jwk('rsa', { modulusLength: 2048 }, { kid: 'rsa', alg: 'RS256' }), jwk('ec', { namedCurve: 'P-256' }, { kid: 'ec', alg: 'ES256' })] },
    cookies: { keys: ['only for this test'] },
    claims: { openid: ['sub'], profile: ['preferred_username', 'groups'] },
    conformIdTokenClaims: false,
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...PEOPLE[id] }) }),
    extraTokenClaims: () => ({ groups: ['keepers'] }),
    pkce: { required: () => true },
    features: {
      devInteractions: { enabled: true },
      clientCredentials: { enabled: true },
      rpInitiatedLogout: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, indicator) => ({ scope: '', audience: indicator, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } }),
      },
    },
  });
}

let provider;
const server = http.createServer((request, response) => provider.callback()(request, response));
const issuer = await listening(server);
writeFileSync(`${folder}/mapacha.toml`, `
[access]
mode = "required"
[access.oidc]
issuer = "${issuer}"
name = "City of Test"
client_id = "mapacha"
client_secret_file = "${folder}/secret"
audience = "${AUDIENCE}"
[access.oidc.mapping]
readers = ["viewer"]
keepers = ["editor"]
chiefs = ["administrator"]
[notifications]
allow_private = true
`);
writeFileSync(`${folder}/secret`, `${SECRET}\n`);
const child = spawn(program, ['serve', '--listen', '127.0.0.1:0', '--data-dir', `${folder}/data`, '--config', `${folder}/mapacha.toml`], { stdio: ['ignore', 'pipe', 'inherit'] });
const ended = new Promise((resolve) => child.once('exit', resolve));
let failed = 0;
try {
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const twin = (await lines.next()).value.replace('listening ', '');
  provider = providerAt(issuer, twin);
  const tests = {
    async 'a person logs in, sees what the groups give, and logs out'() {
      const browser = new Browser();
      const page = await browser.logIn(twin, 'wanjiku', '/kpi?page=1');
      assert.equal(page.url, `${twin}/kpi?page=1`);
      assert.equal(page.status, 200, page.text);
      const me = JSON.parse((await browser.ask(`${twin}/access/me`)).text);
      assert.deepEqual([me.name, me.roles, me.kind], ['wanjiku', ['viewer'], 'person']);
      assert.equal((await browser.ask(`${twin}/users`)).status, 403);
      const account = await browser.ask(`${twin}/account`);
      const token = /name="form_token" value="([^"]*)"/.exec(account.text)[1];
      const left = await browser.ask(`${twin}/logout`, { form_token: token });
      assert.equal(left.url, `${twin}/login?left=provider`);
      const out = new RegExp(`href="(${issuer}/session/end[^"]*)"`).exec(left.text)[1].replaceAll('&amp;', '&').replaceAll('&#38;', '&');
      const there = await browser.ask(out);
      assert.equal(there.status, 200, there.text);
      const again = await browser.ask(`${twin}/access/me`);
      assert.match(again.url, /\/login\?next=/);
    },
    async 'the same person has the same account'() {
      const ids = [];
      for (let times = 0; times < 2; times += 1) {
        const browser = new Browser();
        await browser.logIn(twin, 'achieng', '/account');
        ids.push(JSON.parse((await browser.ask(`${twin}/access/me`)).text).id);
        assert.equal((await browser.ask(`${twin}/users`)).status, 200);
      }
      assert.equal(ids[0], ids[1]);
    },
    async 'whoever has no group here does not get in'() {
      const browser = new Browser();
      const page = await browser.logIn(twin, 'stranger', '/kpi');
      assert.equal(page.status, 422, page.text);
      assert.match((await browser.ask(`${twin}/access/me`)).url, /\/login/);
    },
    async 'a refusal at the provider leads back to the login page'() {
      const browser = new Browser();
      const page = await browser.ask(`${twin}/login/provider?next=/kpi`);
      const back = await browser.ask(`${new URL(page.url).href}/abort`);
      assert.equal(back.url, `${twin}/login?failed=provider&next=%2Fkpi`);
      assert.match(back.text, /came to nothing/);
    },
    async 'a program sends an access token'() {
      const tokenFor = async (resource) => {
        const form = new URLSearchParams({ grant_type: 'client_credentials', resource });
        const basic = Buffer.from('feed:feed').toString('base64');
        const answer = await fetch(`${issuer}/token`, { method: 'POST', body: form, headers: { authorization: `Basic ${basic}` } });
        assert.equal(answer.status, 200, await answer.clone().text());
        return (await answer.json()).access_token;
      };
      const ask = (path, token, more) => fetch(twin + path, { headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, ...more });
      const token = await tokenFor(AUDIENCE);
      const header = JSON.parse(Buffer.from(token.split('.')[0], 'base64url'));
      assert.deepEqual([header.typ, header.alg], ['at+jwt', 'ES256']);
      const me = await (await ask('/access/me', token)).json();
      assert.deepEqual([me.kind, me.roles], ['service', ['editor']]);
      const road = { id: 'urn:ngsi-ld:RoadSegment:1', type: 'RoadSegment', name: { type: 'Property', value: 'Moi Avenue' } };
      const made = await ask('/ngsi-ld/v1/entities', token, { method: 'POST', body: JSON.stringify(road) });
      assert.equal(made.status, 201, await made.text());
      assert.equal((await ask('/users', token)).status, 403);
      const other = await ask('/access/me', await tokenFor('https://other.city.example'));
      assert.equal(other.status, 401);
      assert.equal(other.headers.get('content-type'), 'application/problem+json');
    },
  };
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test();
      console.log(`ok      ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED  ${name}\n${error.stack}`);
    }
  }
} finally {
  child.kill();
  const code = await ended;
  if (code !== 0) {
    failed += 1;
    console.log(`the program ended with ${code}`);
  }
  server.closeAllConnections();
  server.close();
}
process.exit(failed ? 1 : 0);
