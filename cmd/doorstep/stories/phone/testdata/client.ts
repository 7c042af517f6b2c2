// A client as another team writes it: strict TypeScript over what openapi-typescript
// makes of the contract. It signs in, syncs, books and confirms.
import type { paths } from './api.js';

declare const process: { env: Record<string, string | undefined> };

type JSONOf<T> = T extends { content: { 'application/json': infer B } } ? B : never;
type Body<O> = O extends { requestBody?: infer R } ? JSONOf<NonNullable<R>> : never;
type Answer<O, S> = O extends { responses: infer R } ? (S extends keyof R ? JSONOf<R[S]> : never) : never;
type Path<M extends string> = { [P in keyof paths]: paths[P] extends { [K in M]: { responses: unknown } } ? P : never }[keyof paths];

const base = process.env.DOORSTEP_URL ?? '';

async function send<M extends 'get' | 'post', P extends Path<M>, S extends number>(
  method: M, path: P, want: S, token: string, params: Record<string, string> = {}, body?: Body<paths[P][M]>,
): Promise<Answer<paths[P][M], S>> {
  let address: string = path;
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (address.includes(`{${name}}`)) address = address.replace(`{${name}}`, encodeURIComponent(value));
    else query.set(name, value);
  }
  const headers: Record<string, string> = { Authorization: `Bearer ${token}` };
  if (method === 'post') headers['Idempotency-Key'] = crypto.randomUUID();
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const response = await fetch(`${base}${address}${query.size ? `?${query}` : ''}`, {
    method: method.toUpperCase(), headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (response.status !== want) throw new Error(`${method} ${address}: ${response.status} ${await response.text()}`);
  return await response.json() as Answer<paths[P][M], S>;
}

async function signIn(login: string): Promise<string> {
  const tokens = await send('post', '/v1/auth/login', 200, '', {}, { login, password: process.env.DOORSTEP_PASSWORD ?? '' });
  return tokens.access_token;
}

const phone = await signIn('ravi');
const desk = await signIn('kiran');
const me = await send('get', '/v1/me', 200, phone);

let picture = await send('get', '/v1/sync', 200, phone);
while (picture.more) picture = await send('get', '/v1/sync', 200, phone, { cursor: picture.cursor });

const household = await send('post', '/v1/customers', 201, desk, {}, {
  name: 'Rao household', language: 'en',
  contacts: [{ name: 'Mr Rao', phones: ['+919812345678'] }],
  sites: [{ address: '7 Example Street', postal_code: '411001', zone: 'Asia/Kolkata' }],
});
const job = await send('post', '/v1/jobs', 201, desk, {}, { customer_id: household.id, category: 'refrigerator', fault: 'does not cool' });
const visit = await send('post', '/v1/jobs/{id}/visits', 201, desk, { id: job.id }, {
  window_start: process.env.DOORSTEP_FROM ?? '', window_end: process.env.DOORSTEP_TO ?? '', planned_minutes: 60, crew: [me.user.id],
});
const confirmed = await send('post', '/v1/visits/{id}/confirm', 200, desk, { id: visit.id }, {
  contact: { channel: 'phone', direction: 'inbound', outcome: 'reached' },
});
// A change comes once every earlier transaction of the server has ended: a phone asks again.
const find = async () => {
  picture = await send('get', '/v1/sync', 200, phone, { cursor: picture.cursor });
  return picture.visits.find((v) => v.visit.id === visit.id);
};
let mine = await find();
for (let tries = 0; mine === undefined && tries < 100; tries++) {
  await new Promise<void>((resolve) => { setTimeout(resolve, 200); });
  mine = await find();
}
if (mine === undefined) throw new Error('the visit did not come to the phone');
console.log(JSON.stringify({ status: confirmed.status, confirmation: confirmed.confirmation, actions: mine.visit.actions.length, complete: mine.complete_offline }));
