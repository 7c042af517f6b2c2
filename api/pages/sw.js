// Shows what the service tells of a visit and opens its page.
self.addEventListener('push', e => {
  let m = {};
  try { m = e.data.json(); } catch { /* a push without words */ }
  e.waitUntil(self.registration.showNotification(m.title || 'Doorstep', { body: m.body || '', tag: m.tag || undefined, data: { link: m.link || '' } }));
});
self.addEventListener('notificationclick', e => {
  e.notification.close();
  const link = e.notification.data && e.notification.data.link;
  if (link && new URL(link, self.location.origin).origin === self.location.origin) e.waitUntil(self.clients.openWindow(link));
});
