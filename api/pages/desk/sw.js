/**
 * What a push wakes where no page of the desk is open. It lies at /desk/ and serves no page: no request passes through it, so that
 * it can hold back no new version, and /app and a household's page keep theirs.
 */
const sw = /** @type {any} */ (self);

const tabs = async () => (await sw.clients.matchAll({ type: 'window', includeUncontrolled: true })).filter((/** @type {any} */ c) => new URL(c.url).pathname === '/');

/** place is where a push leads. It names nobody: who and where stand on the page, for whoever is signed in. @param {Record<string, string>} data */
const place = (data) => (data.sos_id ? '#/sos/' + data.sos_id : /^(flag|hold|queue|aftercare|claim|dispute)\./.test(data.kind || '') ? '#/decisions' : '#/');

sw.addEventListener('install', () => sw.skipWaiting());

sw.addEventListener('push', (/** @type {any} */ e) => {
  let m = /** @type {any} */ ({});
  try { m = e.data.json(); } catch { /* a push without words */ }
  const data = m.data || {}, loud = /^(sos|timer|drill)\./.test(data.kind || '');
  e.waitUntil((async () => {
    for (const c of await tabs()) c.postMessage('push');
    await sw.registration.showNotification(m.title || 'Doorstep', { body: m.body || '', tag: m.tag || data.notice_id || undefined, renotify: loud && !!(m.tag || data.notice_id),
      icon: '/app/icon-192.png', requireInteraction: loud, ...(loud ? { vibrate: [400, 200, 400, 200, 400] } : {}), data });
  })());
});

sw.addEventListener('notificationclick', (/** @type {any} */ e) => {
  const at = place(e.notification.data || {});
  e.notification.close();
  e.waitUntil((async () => {
    const [open] = await tabs();
    if (!open) return sw.clients.openWindow('/' + at);
    await open.focus();
    open.postMessage({ go: at });
  })());
});
