import * as db from './db.js';
import { ask, key, Refused } from './net.js';
import { change, guarded, reload, state } from './state.js';

const chunk = 32 * 1024; // one passes in time over 5 kbit/s
const hex = (/** @type {ArrayBuffer} */ b) => [...new Uint8Array(b)].map((n) => n.toString(16).padStart(2, '0')).join('');

/** smaller draws a photo anew, at most 1600 px wide: its place and everything else about it stays behind. @param {Blob} photo @returns {Promise<Blob>} */
export const smaller = async (photo) => {
  const img = await createImageBitmap(photo);
  const k = Math.min(1, 1600 / Math.max(img.width, img.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(img.width * k);
  canvas.height = Math.round(img.height * k);
  canvas.getContext('2d')?.drawImage(img, 0, 0, canvas.width, canvas.height);
  return new Promise((done, fail) => canvas.toBlob((b) => (b ? done(b) : fail(new Error('no picture'))), 'image/jpeg', .8));
};

/**
 * keepFile keeps a photo, a signature or a recording until the server has it; a no of the household is kept too.
 * @param {string} visit @param {string} kind @param {boolean} agreed @param {Blob} [blob]
 */
export const keepFile = async (visit, kind, agreed, blob) => {
  const kept = await guarded(() => db.put('files', { id: key(), visit, kind, blob, asked: true, agreed, at: Date.now() }));
  await reload();
  if (kept) (await import('./sync.js')).soon();
  return kept;
};

/**
 * keepVoice keeps what was spoken of a report until the server has it with that report: nobody who looks into the phone's storage hears it.
 * @param {string} report the id of its request in the queue @param {Blob} blob
 */
export const keepVoice = (report, blob) => guarded(async () => db.put('files', { id: key(), visit: '', kind: 'voice', asked: false, agreed: true, at: Date.now(), report,
  type: blob.type, ...(await db.sealBlob(blob)) }));

/** toReport says of what was spoken which report it belongs to, now that the server has that one. @param {string} request @param {string} flag */
export const toReport = async (request, flag) => {
  for (const f of await db.all('files')) if (f.report === request) await db.put('files', { ...f, flag });
};

/** sendFiles sends what waits, or one of it, oldest first; what is there is erased here. @param {string} [only] */
export const sendFiles = async (only) => {
  for (let f of await db.all('files')) {
    if (only && f.id !== only) continue;
    if (f.report) {
      if ((await db.all('queue')).some((q) => q.id === f.report)) continue; // its report goes first
      f = (await db.all('files')).find((x) => x.seq === f.seq) || f; // which says by now where it belongs
    }
    const doing = { ...state.doing };
    delete doing[f.id];
    change({ doing: { ...doing, [f.id]: 'sending' } });
    try {
      await sendFile(f);
    } catch (e) {
      change({ doing });
      if (!(e instanceof Refused) || [401, 429].includes(e.status)) throw e;
      const wrong = (f.wrong || 0) + 1;
      if ([409, 422].includes(e.status) && f.blob && wrong < 4) { // from where the server is, and after a second time announced anew
        await db.put('files', { ...f, wrong, id: wrong < 2 ? f.id : key() });
        return;
      }
      await db.put('answers', { id: f.id, label: 'file.' + f.kind, at: Date.now(), said: e.message, code: e.code, status: e.status, ...(f.report ? {} : { visit: f.visit }) });
    }
    await db.drop('files', f.seq);
    change({ doing });
    await reload();
  }
};

/** @param {import('./db.js').QueuedFile} f */
const sendFile = async (f) => {
  if (f.report) {
    if (!f.flag) return; // its report was refused, which stands among the answers
    const blob = await db.blobOf(f);
    await ask('POST', `/v1/flags/${f.flag}/evidence?evidence_id=${f.id}`, { raw: blob, within: 120_000, headers: { 'Content-Type': blob.type, 'Idempotency-Key': f.id } });
    return;
  }
  const at = `/v1/visits/${f.visit}/files`;
  const body = { id: f.id, kind: f.kind, asked: f.asked, agreed: f.agreed, taken_at: new Date(f.at).toISOString() };
  const headers = { 'Idempotency-Key': f.id, 'Doorstep-Sent-At': new Date().toISOString() };
  if (!f.blob) {
    await ask('POST', at, { body, headers });
    return;
  }
  const bytes = await f.blob.arrayBuffer();
  await ask('POST', at, { headers, body: { ...body, media_type: f.blob.type, size: bytes.byteLength, sha256: hex(await crypto.subtle.digest('SHA-256', bytes)) } });
  const { headers: there } = await ask('HEAD', `${at}/${f.id}`);
  for (let from = Number(there.get('Upload-Offset') || 0); from < bytes.byteLength;) {
    const part = f.blob.slice(from, from + chunk);
    const res = await ask('PATCH', `${at}/${f.id}`, { raw: part, within: 60_000,
      headers: { 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': String(from), 'Tus-Resumable': '1.0.0' } });
    from = Number(res.headers.get('Upload-Offset'));
  }
};
