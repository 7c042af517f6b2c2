import { useEffect, useRef, useState } from 'preact/hooks';
import { html } from '../app/html.js';
import { key, said, useNow } from './state.js';
import { known, say } from './words.js';

/**
 * Field is a labelled input.
 * @param {{label: string, value: string, set: (v: string) => void, lines?: number, options?: [string, string][], more?: any, hint?: string}} p
 */
export const Field = ({ label, value, set, lines = 1, options, more = {}, hint }) => {
  const input = (/** @type {any} */ e) => set(e.target.value);
  return html`<label class="field"><span>${label}</span>
    ${options ? html`<select value=${value} onChange=${input} ...${more}>${options.map(([v, words]) => html`<option key=${v} value=${v}>${words}</option>`)}</select>`
    : lines > 1 ? html`<textarea rows=${lines} value=${value} onInput=${input} ...${more}></textarea>`
      : html`<input value=${value} onInput=${input} ...${more} />`}
    ${hint && html`<small class="quiet">${hint}</small>`}</label>`;
};

/** Failed says what, why and what to do; nothing where nothing failed. @param {{error: any, again?: () => void}} p */
export const Failed = ({ error, again }) => (error ? html`<div class="failed" role="alert"><span aria-hidden="true">△</span> <span>${said(error)}</span>
  ${again && html`<button class="btn small" onClick=${again}>${say('again')}</button>`}</div>` : null);

/** Waiting is what stands until the first answer. */
export const Waiting = () => html`<p class="empty" aria-busy="true">${say('loading')}</p>`;

/** Empty says what to do where there is nothing. @param {{words: string}} p */
export const Empty = ({ words }) => html`<p class="empty">${words}</p>`;

/** shapes of a visit's states: never a colour alone. @type {Record<string, [string, string]>} */
const shapes = { awaiting: ['warn', '?'], confirmed: ['good', '✓'], declined: ['danger', '×'], en_route: ['info', '➤'], arrived: ['info', '●'], in_progress: ['info', '◐'],
  completed: ['good', '✓'], partial: ['warn', '◑'], no_access: ['warn', '△'], stopped_unsafe: ['danger', '■'], missed: ['danger', '△'], cancelled: ['mute', '×'], rescheduled: ['mute', '→'] };

/** VisitState is a visit's state as colour, shape and word. @param {{visit: {status: string, confirmation: string}}} p */
export const VisitState = ({ visit }) => {
  const code = visit.status === 'scheduled' ? visit.confirmation : visit.status, [cls, shape] = shapes[code] || ['mute', '○'];
  return html`<span class=${'pill ' + cls}><span aria-hidden="true">${shape}</span> ${known('visit.' + code, code)}</span>`;
};

/** @type {Record<string, [string, string]>} */
const marks = { open: ['mute', '○'], scheduled: ['info', '◷'], in_progress: ['info', '◐'], resolved: ['good', '✓'], closed: ['mute', '✓'], cancelled: ['mute', '×'] };

/** JobState is a job's. @param {{job: {status: string, holds: any[]}}} p */
export const JobState = ({ job }) => {
  if (job.holds.length) return html`<span class="pill danger"><span aria-hidden="true">■</span> ${say('job.held')}</span>`;
  const [cls, shape] = marks[job.status] || ['mute', '○'];
  return html`<span class=${'pill ' + cls}><span aria-hidden="true">${shape}</span> ${known('job.' + job.status, job.status)}</span>`;
};

/** Phone is a number that is called with one tap; about tells it from the same one elsewhere on the page. @param {{number: string, name?: string, about?: string}} p */
export const Phone = ({ number, name, about }) => html`<a class="number" href=${'tel:' + number} aria-label=${[number, say('call.number', { name: name || number }), about].filter(Boolean).join(', ')}>${number}</a>`;

/**
 * useMove gives a button's state for a request that is made once: a second tap, or a try after a lost answer, is the same move.
 * @template [T=any] @param {(id: string, with_: T) => Promise<void>} run
 */
export const useMove = (run) => {
  const [busy, setBusy] = useState(false), [error, setError] = useState(/** @type {any} */ (null));
  /** @type {{current: string}} */
  const id = useRef(''), on = useRef(false);
  const go = async (/** @type {any} */ with_ = undefined) => {
    if (on.current) return;
    on.current = true;
    setBusy(true);
    setError(null);
    id.current ||= key();
    try {
      await run(id.current, with_);
      id.current = '';
    } catch (e) {
      if (/** @type {any} */ (e)?.status) id.current = ''; // it was answered: what comes next is another try
      setError(e);
    } finally {
      on.current = false;
      setBusy(false);
    }
  };
  return { busy, error, go, clear: () => setError(null) };
};

/** Drawer is a panel beside the page; Escape and its button close it, and the focus goes back to where it was.
 * @param {{title: string, close: () => void, children: any}} p */
export const Drawer = ({ title, close, children }) => {
  /** @type {{current: HTMLElement | null}} */
  const box = useRef(null);
  useEffect(() => {
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    /** @type {HTMLElement | null | undefined} */ (box.current?.querySelector('input,select,textarea,button.first'))?.focus();
    const keys = (/** @type {KeyboardEvent} */ e) => {
      if (e.key === 'Escape') { e.preventDefault(); close(); }
      if (e.key !== 'Tab') return;
      const all = /** @type {HTMLElement[]} */ ([...(box.current?.querySelectorAll('a[href],button:not([disabled]),input,select,textarea,summary') || [])]).filter((x) => x.checkVisibility());
      const from = e.shiftKey ? all[0] : all[all.length - 1], to = e.shiftKey ? all[all.length - 1] : all[0];
      if (document.activeElement === from || !box.current?.contains(document.activeElement)) { e.preventDefault(); to?.focus(); }
    };
    addEventListener('keydown', keys);
    return () => { removeEventListener('keydown', keys); before?.focus?.(); };
  }, []);
  return html`<div class="drawer" role="dialog" aria-modal="true" aria-label=${title} ref=${box}>
    <div class="spread"><h2>${title}</h2><button class="btn small plain" onClick=${close}>${say('close')} <kbd>Esc</kbd></button></div>${children}</div>`;
};

/** Note is what was done, said once to who hears the page. */
export const Note = () => {
  const s = useNow();
  return html`<p class="note" role="status" hidden=${!s.note}>${s.note}</p>`;
};

/** refOf is how a job is called: the brand's reference, else the beginning of its id. @param {{id: string, external_ref?: string | null}} j */
export const refOf = (j) => j.external_ref || j.id.slice(0, 8).toUpperCase();
