// The page is complete without this. It keeps times running, copies the code, and puts what has changed in its
// place, node by node, so that a selection, the focus and the place on the page stay.
'use strict';
(() => {
  const serverAhead = doc => Number(doc.body.dataset.now) * 1000 - Date.now();
  let ahead = serverAhead(document);
  let seenOn = Date.now();

  const span = seconds => {
    const whole = Math.abs(Math.trunc(seconds)), minutes = Math.trunc(whole / 60);
    if (whole < 120) return `${whole} s`;
    if (minutes < 120) return `${minutes} min`;
    if (minutes < 2880) return `${Math.trunc(minutes / 60)} h ${minutes % 60} min`;
    return `${Math.trunc(minutes / 1440)} days`;
  };
  const set = (node, text) => { if (node.textContent !== text) node.textContent = text; };

  function tick(root) {
    const now = (Date.now() + ahead) / 1000;
    for (const node of root.querySelectorAll('[data-timer]')) {
      const left = Math.max(Math.trunc(node.dataset.timer - now), 0);
      set(node, `${Math.trunc(left / 60)}:${String(left % 60).padStart(2, '0')}`);
    }
    for (const node of root.querySelectorAll('span[data-until]')) set(node, span(node.dataset.until - now));
    for (const node of root.querySelectorAll('rect[data-life]')) {
      const share = Math.min(Math.max((node.dataset.until - now) / node.dataset.life, 0), 1);
      node.setAttribute('width', Math.round(share * 1000));
    }
  }

  const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', timeZoneName: 'short' });
  const whole = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  function enhance(root) {
    for (const node of root.querySelectorAll('.local')) {
      const date = new Date(node.dataset.on * 1000);
      if (isNaN(date) || date.getTimezoneOffset() === 0) continue;
      node.textContent = `(${clock.format(date)})`;
      node.title = whole.format(date);
    }
    for (const node of root.querySelectorAll('#copy')) node.hidden = false;
    tick(root);
  }

  function morph(old, fresh) {
    if (old.nodeName !== fresh.nodeName) return old.replaceWith(document.adoptNode(fresh));
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.data !== fresh.data) old.data = fresh.data;
      return;
    }
    if (old.id === 'stale' || old.id === 'copied') return; // said by this script
    for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    const had = [...old.childNodes], has = [...fresh.childNodes];
    has.forEach((node, i) => i < had.length ? morph(had[i], node) : old.append(document.adoptNode(node)));
    for (const node of had.slice(has.length)) node.remove();
  }

  const stale = document.getElementById('stale');
  let asking = false, asked = Date.now();
  async function refresh() {
    if (asking) return;
    asking = true;
    asked = Date.now();
    try {
      const reply = await fetch('./', { cache: 'no-store', signal: AbortSignal.timeout(10000) });
      if (!reply.ok) throw new Error(String(reply.status));
      const fresh = new DOMParser().parseFromString(await reply.text(), 'text/html');
      if (!fresh.getElementById('state')) throw new Error('not this page');
      ahead = serverAhead(fresh);
      enhance(fresh);
      document.title = fresh.title;
      document.querySelector('link[rel=icon]').href = fresh.querySelector('link[rel=icon]').href;
      morph(document.body, fresh.body);
      stale.hidden = true;
      seenOn = Date.now();
    } catch {
      const since = new Date(seenOn).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
      set(stale, `No answer since ${since}: what is below may be out of date.`);
      stale.hidden = false;
    } finally {
      asking = false;
    }
  }

  document.addEventListener('click', async event => {
    if (event.target.id !== 'copy') return;
    const code = document.getElementById('code'), said = document.getElementById('copied');
    try {
      await navigator.clipboard.writeText(code.textContent);
      said.textContent = 'Copied';
    } catch { // no permission, or no secure context: then it is selected, to be copied by hand
      getSelection().selectAllChildren(code);
      said.textContent = 'Selected';
    }
    setTimeout(() => { said.textContent = ''; }, 4000);
  });
  document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });
  addEventListener('online', refresh);
  enhance(document);
  setInterval(() => {
    if (document.hidden) return;
    tick(document);
    if (Date.now() - asked >= Number(document.body.dataset.every) * 1000) refresh();
  }, 1000);
})();
