import { useEffect, useRef, useState } from 'preact/hooks';
import * as db from './db.js';
import { keepFile, smaller } from './files.js';
import { html } from './html.js';
import { move } from './moves.js';
import { Back, Choice, Field } from './parts.js';
import { say, useNow } from './state.js';

/** Done: what was found and done. What is typed survives a phone that dies in the middle. @param {{v: any, close: string}} p */
export const Done = ({ v, close }) => {
  const s = useNow(), id = v.visit.id;
  const [d, setD] = useState(/** @type {Record<string, string>} */ ({ findings: '', work_done: '', parts: '', tested: '', end_code: '', ...s.drafts[id] }));
  const keep = (/** @type {any} */ draft) => {
    s.drafts = { ...s.drafts, [id]: draft };
    return db.set('drafts', s.drafts).catch(() => {});
  };
  const write = (/** @type {string} */ name) => (/** @type {string} */ value) => {
    const next = { ...d, [name]: value };
    setD(next);
    keep(next);
  };
  const files = s.files.filter((f) => f.visit === id);
  const whole = d.work_done.trim() && (d.tested.trim() || v.job.category === 'other' && !v.job.safety_critical); // most categories ask for a test
  const go = async () => {
    const parts = d.parts.split(/[,\n]/).map((x) => x.trim()).filter(Boolean);
    if (!await move(v, 'complete', { findings: d.findings, work_done: d.work_done, tested: d.tested, parts, ...(d.end_code.trim() ? { end_code: d.end_code.trim() } : {}) })) return;
    await keep(undefined);
    location.hash = '#/';
  };
  return html`<${Back} to=${close} word=${v.customer?.name} /><h1 class="title">${say('do.complete')}</h1><div class="stack">
    <section class="card stack"><${Field} id="findings" label=${say('findings')} value=${d.findings} set=${write('findings')} lines=${2} more=${{ maxLength: 4000 }} />
      <${Field} id="work" label=${say('work_done')} value=${d.work_done} set=${write('work_done')} lines=${2} more=${{ maxLength: 4000 }} />
      <${Field} id="parts" label=${say('parts')} value=${d.parts} set=${write('parts')} more=${{ maxLength: 1000 }} />
      <${Field} id="tested" label=${say('tested')} value=${d.tested} set=${write('tested')} more=${{ maxLength: 1000 }} /></section>
    <section class="card stack"><div class="label">${say('proof')}</div><div class="acts">${['photo_after', 'signature'].map((k) => html`<a key=${k} class="btn" href=${close + '/' + k}>${
      files.some((f) => f.kind === k) ? '✓ ' : ''}${say('file.' + k)}</a>`)}</div>
      <${Field} id="endcode" label=${say('end_code')} value=${d.end_code} set=${write('end_code')} more=${{ inputMode: 'numeric', autocomplete: 'off', maxLength: 12 }} /></section>
    <button class="btn primary wide" disabled=${!whole} onClick=${go}>${say('done.go')}</button>
    ${!whole && html`<p class="dense quiet">${say('done.need')}</p>`}</div>`;
};

/** Photo: the household is asked each time; a no blocks nothing. The camera is the app's own: nothing lands in the gallery. @param {{v: any, close: string, kind: string}} p */
export const Photo = ({ v, close, kind }) => {
  const [agreed, setAgreed] = useState(''), [said, setSaid] = useState(''), [shot, setShot] = useState(/** @type {Blob | null} */ (null)), [src, setSrc] = useState('');
  const video = useRef(/** @type {any} */ (null)), canvas = useRef(/** @type {any} */ (null));
  const drawn = kind === 'signature', camera = agreed === 'yes' && !drawn && !shot;
  useEffect(() => {
    if (!camera) return undefined;
    /** @type {MediaStream | undefined} */
    let stream;
    (navigator.mediaDevices?.getUserMedia ? navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } }) : Promise.reject(new Error('none')))
      .then((x) => { stream = x; if (video.current) { video.current.srcObject = x; video.current.play(); } }, () => setSaid(say('camera.denied')));
    return () => stream?.getTracks().forEach((t) => t.stop());
  }, [camera]);
  useEffect(() => {
    if (!shot) return undefined;
    const url = URL.createObjectURL(shot);
    setSrc(url);
    return () => URL.revokeObjectURL(url);
  }, [shot]);
  const taken = async (/** @type {Blob} */ b) => { try { setShot(await smaller(b)); setSaid(''); } catch { setSaid(say('camera.bad')); } };
  const shoot = () => {
    const c = document.createElement('canvas'), x = video.current;
    c.width = x.videoWidth;
    c.height = x.videoHeight;
    c.getContext('2d')?.drawImage(x, 0, 0);
    c.toBlob((b) => { if (b) taken(b); }, 'image/jpeg', .9);
  };
  const back = kind === 'photo_before' || kind === 'serial_plate' ? close : close + '/done';
  const keep = async (/** @type {boolean} */ yes, /** @type {Blob} */ blob) => { if (await keepFile(v.visit.id, kind, yes, blob)) location.hash = back; };
  const sign = (/** @type {PointerEvent} */ e) => {
    const c = canvas.current, r = c.getBoundingClientRect(), g = c.getContext('2d'), x = (e.clientX - r.left) * c.width / r.width, y = (e.clientY - r.top) * c.height / r.height;
    g.lineWidth = 4;
    g.lineCap = 'round';
    if (e.type === 'pointerdown') { g.beginPath(); g.moveTo(x, y); c.dataset.drawn = '1'; c.setPointerCapture(e.pointerId); } else if (e.buttons) { g.lineTo(x, y); g.stroke(); }
  };
  return html`<${Back} to=${back} word=${say('back')} /><h1 class="title">${say('file.' + kind)}</h1><div class="stack">
    ${!agreed && html`<section class="card stack"><${Choice} name="agreed" label=${say('file.ask')} value=${agreed} set=${(/** @type {any} */ x) => (x === 'no' ? keep(false, /** @type {any} */ (undefined)) : setAgreed(x))}
      options=${[['yes', say('file.yes')], ['no', say('file.no')]]} /><p class="dense quiet">${say('file.why')}</p></section>`}
    <p role="alert" class="wrong">${said}</p>
    ${camera && html`<section class="card stack"><video ref=${video} playsinline muted aria-label=${say('camera')}></video><button class="btn primary wide" onClick=${shoot}>${say('camera.shoot')}</button>
      <p class="field"><label for="picked">${say('camera.other')}</label><input id="picked" type="file" accept="image/*" capture="environment" onChange=${(/** @type {any} */ e) => e.target.files[0] && taken(e.target.files[0])} /></p></section>`}
    ${agreed === 'yes' && drawn && html`<section class="card stack"><canvas ref=${canvas} class="sign" width="640" height="280" role="img" aria-label=${say('file.signature')}
      onPointerDown=${sign} onPointerMove=${sign}></canvas><button class="btn primary wide" onClick=${() => canvas.current.dataset.drawn && canvas.current.toBlob((/** @type {Blob} */ b) => keep(true, b), 'image/png')}>${say('keep')}</button></section>`}
    ${shot && html`<section class="card stack"><img src=${src} alt=${say('file.' + kind)} /><button class="btn primary wide" onClick=${() => keep(true, shot)}>${say('keep')}</button>
      <button class="btn wide" onClick=${() => setShot(null)}>${say('again')}</button></section>`}</div>`;
};
