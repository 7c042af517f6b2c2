import { useEffect, useRef, useState } from 'preact/hooks';
import { html } from './html.js';
import { say } from './state.js';

/** How long one may speak. */
const longest = 120;

/** what the server takes of what browsers record, the smallest first. */
const types = ['audio/mp4', 'audio/ogg'];

/** wav writes mono sound as 16 bit at 16 kHz: for browsers that record in a form that the server does not take. @param {Blob} b @returns {Promise<Blob>} */
const wav = async (b) => {
  const rate = 16_000, whole = await new AudioContext().decodeAudioData(await b.arrayBuffer());
  const room = new OfflineAudioContext(1, Math.ceil(whole.duration * rate), rate), source = room.createBufferSource();
  source.buffer = whole;
  source.connect(room.destination);
  source.start();
  const sound = (await room.startRendering()).getChannelData(0), out = new DataView(new ArrayBuffer(44 + sound.length * 2));
  const word = (/** @type {number} */ at, /** @type {string} */ s) => [...s].forEach((c, i) => out.setUint8(at + i, c.charCodeAt(0)));
  word(0, 'RIFF'); out.setUint32(4, 36 + sound.length * 2, true); word(8, 'WAVEfmt '); out.setUint32(16, 16, true); out.setUint16(20, 1, true); out.setUint16(22, 1, true);
  out.setUint32(24, rate, true); out.setUint32(28, rate * 2, true); out.setUint16(32, 2, true); out.setUint16(34, 16, true); word(36, 'data'); out.setUint32(40, sound.length * 2, true);
  sound.forEach((x, i) => out.setInt16(44 + i * 2, Math.max(-1, Math.min(1, x)) * 0x7fff, true));
  return new Blob([out.buffer], { type: 'audio/wav' });
};

/**
 * Voice records words that are spoken in place of typed. What was recorded stays in memory until it is sent with what it belongs to.
 * @param {{value: {blob: Blob, seconds: number} | null, set: (v: {blob: Blob, seconds: number} | null) => void}} p
 */
export const Voice = ({ value, set }) => {
  const [on, setOn] = useState(false), [seconds, setSeconds] = useState(0), [said, setSaid] = useState('');
  /** @type {{current: MediaRecorder | null}} */
  const recorder = useRef(null);
  const stop = () => recorder.current?.state === 'recording' && recorder.current.stop();
  useEffect(() => {
    if (!on) return undefined;
    const each = setInterval(() => setSeconds((n) => { if (n + 1 >= longest) stop(); return n + 1; }), 1_000);
    const hidden = () => { if (document.hidden) stop(); }; // nothing is recorded that nobody sees being recorded
    document.addEventListener('visibilitychange', hidden);
    return () => { clearInterval(each); document.removeEventListener('visibilitychange', hidden); };
  }, [on]);
  useEffect(() => () => { stop(); }, []);
  const start = async () => {
    setSaid('');
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      const type = types.find((x) => MediaRecorder.isTypeSupported(x)), begun = performance.now();
      /** @type {Blob[]} */
      const parts = [];
      const r = recorder.current = new MediaRecorder(stream, { ...(type ? { mimeType: type } : {}), audioBitsPerSecond: 16_000 });
      r.ondataavailable = (e) => parts.push(e.data);
      r.onstop = async () => {
        stream.getTracks().forEach((t) => t.stop());
        setOn(false);
        const whole = new Blob(parts, { type: type || r.mimeType });
        if (!whole.size) { setSaid(say('voice.bad')); return; }
        try { set({ blob: type ? whole : await wav(whole), seconds: Math.max(1, Math.round((performance.now() - begun) / 1_000)) }); } catch { setSaid(say('voice.bad')); }
      };
      r.start();
      setSeconds(0);
      setOn(true);
    } catch {
      setSaid(say('voice.denied'));
    }
  };
  if (value) return html`<div class="spread" role="status"><b>✓ ${say('voice.there', { n: value.seconds })}</b><button type="button" class="btn small" onClick=${() => set(null)}>${say('voice.drop')}</button></div>`;
  return html`<p role="alert" class="wrong">${said}</p>${on ? html`<button type="button" class="btn danger wide" onClick=${stop}>■ ${say('voice.stop')} · ${seconds} / ${longest} s</button>`
    : html`<button type="button" class="btn wide" onClick=${start}>● ${say('voice.go')}</button>`}`;
};
