import { leads } from './leads.js';
import { cleanupOutdatedCaches, createHandlerBoundToURL, NavigationRoute, precacheAndRoute, registerRoute } from 'workbox';

// The list of what the app is made of is put here when it is joined (bundle/main.go).
precacheAndRoute(self.__WB_MANIFEST, { cleanURLs: false });
cleanupOutdatedCaches();
registerRoute(new NavigationRoute(createHandlerBoundToURL('/app'), { allowlist: [/^\/app$/, /^\/app\?/] }));

// A new version waits until every tab says that it may: nobody is interrupted in the middle of writing.
self.addEventListener('message', (e) => { if (e.data === 'update') self.skipWaiting(); });

const tabs = () => self.clients.matchAll({ type: 'window', includeUncontrolled: true }).then((all) => all.filter((c) => new URL(c.url).pathname === '/app'));

self.addEventListener('push', (e) => {
  let m = {};
  try { m = e.data.json(); } catch { /* a push without words */ }
  e.waitUntil((async () => {
    for (const c of await tabs()) c.postMessage('sync');
    const data = m.data || {};
    await self.registration.showNotification(m.title || 'Doorstep', { body: m.body || '', tag: m.tag || data.notice_id || undefined, icon: '/app/icon-192.png',
      requireInteraction: /^(sos|timer|drill)\./.test(data.kind || ''), data });
  })());
});

self.addEventListener('notificationclick', (e) => {
  const data = e.notification.data || {};
  const at = e.action === 'sos' ? '#/sos' : leads(data.kind || '', data);
  if (!data.sos) e.notification.close();
  e.waitUntil((async () => {
    if (e.action === 'sos') await (await caches.open('asked')).put('/app/sos', new Response(String(Date.now())));
    const [open] = await tabs();
    if (!open) { await self.clients.openWindow('/app' + at); return; }
    await open.focus();
    open.postMessage({ go: at });
  })());
});
