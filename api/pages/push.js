// Asks politely, once, whether this browser may tell of the visit. Without
// this script the page does everything else.
(() => {
  const box = document.getElementById('push');
  if (!box || !('serviceWorker' in navigator) || !('PushManager' in window) || !window.isSecureContext || Notification.permission === 'denied') return;
  const key = Uint8Array.from(atob(box.dataset.key.replace(/-/g, '+').replace(/_/g, '/')), c => c.charCodeAt(0));
  const says = document.getElementById('push-says');
  const id = () => {
    let v = localStorage.getItem('doorstep-installation');
    if (!v) localStorage.setItem('doorstep-installation', v = crypto.randomUUID());
    return v;
  };
  const register = async () => {
    const worker = await navigator.serviceWorker.register('/sw.js');
    await navigator.serviceWorker.ready;
    let sub = await worker.pushManager.getSubscription();
    const same = sub && sub.options.applicationServerKey && String(new Uint8Array(sub.options.applicationServerKey)) === String(key);
    if (sub && !same) { await sub.unsubscribe(); sub = null; }
    sub = sub || await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    const res = await fetch(box.dataset.devices + id(), {
      method: 'PUT', headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ token: JSON.stringify(sub), platform: 'web', language: document.documentElement.lang }),
    });
    if (!res.ok) throw new Error('not registered');
    code();
  };
  // A code that is typed here says that this browser is the household's.
  const code = () => document.querySelectorAll('input[name=device]').forEach(i => { i.value = localStorage.getItem('doorstep-installation') || ''; });
  code();
  const said = done => { says.textContent = done ? box.dataset.done : box.dataset.failed; says.hidden = false; box.querySelector('button').hidden = done; };
  if (Notification.permission === 'granted') { // another link on the same phone
    register().then(() => { box.hidden = false; said(true); }, () => { box.hidden = false; });
  } else {
    box.hidden = false;
  }
  box.querySelector('button').addEventListener('click', async () => {
    try {
      if (await Notification.requestPermission() !== 'granted') { box.hidden = true; return; }
      await register();
      said(true);
    } catch { said(false); }
  });
})();
