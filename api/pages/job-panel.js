// What the desk does about a household from the board, besides sending
// somebody: call it and write that down, end an abusive call, send it its link, keep or hand over a promise, release
// a hold, confirm or cancel a visit, take a wrong tap back. Each is offered where
// actions name it.
const doorstepDoors = (tools) => {
  const { el, button, show, close, field, input, select, facts, row, wrongLine, send, problem, json, load, dated, words, centre } = tools;
  const outcomes = ['reached', 'no_answer', 'busy', 'switched_off', 'out_of_network', 'wrong_number', 'voicemail', 'refused', 'cut_off'];

  // door is where it is and how to call it, for who may read it.
  const door = (job) => {
    const box = el('div');
    box.ready = (async () => {
      const j = await json(`/v1/jobs/${job}`), c = await json(`/v1/customers/${j.customer_id}`), site = c.sites.find((s) => s.id === j.site_id);
      const numbers = [...new Set(c.contacts.flatMap((x) => x.phones.filter((p) => !x.struck_phones.includes(p))))];
      const dl = facts([['Address', site && [site.address, site.landmark, site.postal_code].filter(Boolean).join(', ')]]);
      if (numbers.length) {
        const dd = el('dd');
        for (const p of numbers) dd.append(Object.assign(el('a', p, 'tel'), { href: 'tel:' + p }), ' ');
        dl.append(el('dt', 'Phone'), dd);
      }
      box.append(dl);
      return numbers;
    })().catch(() => []); // who may not read it does without
    return box;
  };

  // fold is one thing to do: its fields, and a button that sends the body; done is what
  // follows, else the panel closes.
  const fold = (title, verb, fields, path, body, done) => {
    const d = el('details'), form = el('form'), wrong = wrongLine(), acts = el('div', undefined, 'acts'), ok = el('button', verb), key = { of: '', id: '' };
    wrong.tabIndex = -1;
    acts.append(ok);
    form.append(...fields, wrong, acts);
    d.append(el('summary', title), form);
    form.addEventListener('submit', async (e) => {
      e.preventDefault();
      if (ok.disabled) return;
      ok.disabled = true;
      wrong.textContent = '';
      const what = body(), asked = JSON.stringify(what);
      if (key.of !== asked) Object.assign(key, { of: asked, id: doorstep.uuid() }); // a second tap is the same move
      try {
        const res = await send(path, what, key.id);
        if (res.ok && done) return done(await res.json());
        if (res.ok) {
          close();
          return await load(true);
        }
        wrong.textContent = await problem(res);
      } catch (x) {
        if (x.name !== 'TypeError') throw x;
        wrong.textContent = 'No connection. Press again; nothing is done twice.';
      }
      ok.disabled = false;
      wrong.focus();
    });
    return d;
  };
  const text = (most, must) => Object.assign(input('text'), { maxLength: most, required: must });
  // number is which of the household's numbers was called, once they are known.
  const number = (of) => {
    const s = select([['', 'Not said']]);
    of.ready.then((list) => {
      s.append(...list.map((p) => Object.assign(el('option', p), { value: p })));
      if (list.length) s.value = list[0];
    });
    return s;
  };
  const reached = (at) => ({ channel: 'phone', outcome: 'reached', ...(at.value ? { address: at.value } : {}) });

  const call = (job, of) => {
    const at = number(of), what = Object.assign(select([['', 'Choose…'], ...outcomes.map((o) => [o, words(o)])]), { required: true }), rang = Object.assign(input('number'), { min: 0, max: 3600 }), note = text(2000, false);
    return fold('Record a call', 'Record', [row(field('Number', at), field('Outcome', what), field('Rang, seconds', rang)), field('Note', note)], `/v1/jobs/${job}/attempts`,
      () => ({ channel: 'phone', outcome: what.value, ...(at.value ? { address: at.value } : {}), ...(rang.value ? { ring_seconds: Number(rang.value) } : {}), ...(note.value.trim() ? { note: note.value.trim() } : {}) }));
  };

  // end stops an abusive call: the sentence to read out, then one tap. Who calls back is
  // said, and a pause is offered.
  const end = (job) => {
    const say = el('div', undefined, 'warning'), note = text(2000, false);
    json(`/v1/jobs/${job}/end-call`).then((r) => {
      for (const of of new Set([r.language.split('-')[0], 'en', 'hi'])) {
        if (r.warning[of]) say.append(Object.assign(el('blockquote', r.warning[of]), { lang: of }));
      }
    }).catch(() => {});
    const done = (e) => {
      const shut = el('div', undefined, 'acts'), who = e.promise;
      shut.append(button('Close', close));
      show('The call is ended', el('p', who ? `${who.owner} calls them, at the latest ${dated(who.due_at)}. They are told so. Nothing of it counts against you.` : 'Nobody else is there to call back. Nothing of it counts against you.'),
        fold('A pause is yours to take', 'Take the pause', [el('p', 'What is yours next goes to somebody else; nobody is told why.')], `/v1/attempts/${e.id}/cool-off`, () => ({ accept: true })), shut);
      load(true);
    };
    return fold('End an abusive call', 'End the call', [el('p', 'Read this out once. If it goes on, end the call.'), say, field('Note', note)], `/v1/jobs/${job}/end-call`, () => (note.value.trim() ? { note: note.value.trim() } : {}), done);
  };

  // link sends the household the link of its page; nobody of us sees it.
  const link = (job) => fold('Send the link of their page', 'Send the link', [el('p', 'It goes to their device or phone. You do not see it.')], `/v1/jobs/${job}/link/send`, () => undefined);

  // job gives what can be done about a job that waits.
  const job = (j) => {
    const of = door(j.job_id), nodes = [of, call(j.job_id, of), end(j.job_id), link(j.job_id)];
    if (j.actions.includes('release')) {
      for (const kind of ['parts', 'customer_request']) {
        if (!j.holds.includes(kind)) continue;
        const why = text(1000, false);
        nodes.push(fold(`Release: ${words(kind)}`, 'Release', [field('Reason', why)], `/v1/jobs/${j.job_id}/release`, () => ({ kind, ...(why.value.trim() ? { reason: why.value.trim() } : {}) })));
      }
    }
    return nodes;
  };

  // visit gives what can be done about a visit besides moving it.
  const visit = (v) => {
    const of = door(v.job_id), nodes = [of, end(v.job_id), link(v.job_id)];
    if (v.actions.includes('confirm')) {
      const at = number(of);
      nodes.push(fold('Confirm: they agreed on the phone', 'Confirm', [field('Number', at)], `/v1/visits/${v.id}/confirm`, () => ({ contact: reached(at) })));
    }
    if (v.actions.includes('take-back')) {
      const why = text(1000, true);
      nodes.push(fold('A move was tapped by mistake', 'Take it back', [field('Reason', why)], `/v1/visits/${v.id}/take-back`, () => ({ reason: why.value.trim() })));
    }
    if (v.actions.includes('cancel')) {
      const why = text(1000, true);
      nodes.push(fold('Cancel the visit', 'Cancel the visit', [field('Reason', why)], `/v1/visits/${v.id}/cancel`, () => ({ reason: why.value.trim() })));
    }
    return nodes;
  };

  const promise = async (p) => {
    const shut = el('div', undefined, 'acts');
    shut.append(button('Close', close));
    const known = facts([['Promised', p.what || 'A call'], ['Due', dated(p.due_at)], ['Owner', p.owner]]);
    let now;
    try {
      now = await json(`/v1/promises/${p.id}`);
    } catch (x) {
      return show(p.household || 'A household', known, el('p', x.name === 'TypeError' ? 'No connection. Please try again.' : x.message, 'wrong'), shut);
    }
    const of = door(p.job_id), nodes = [known, of];
    if (now.actions.includes('keep')) {
      const at = number(of), note = text(500, false);
      nodes.push(fold('Keep it: they were called', 'Kept', [row(field('Number', at)), field('Note', note)], `/v1/promises/${p.id}/keep`, () => ({ contact: reached(at), ...(note.value.trim() ? { note: note.value.trim() } : {}) })));
    }
    if (now.actions.includes('hand-over')) {
      const who = select([['', 'Choose…']]), why = text(500, false);
      who.required = true;
      json(`/v1/users?centre_id=${centre()}&limit=200`).then((r) => who.append(...r.items.filter((u) => u.id !== now.owner_id && !u.disabled).map((u) => Object.assign(el('option', `${u.name} (${words(u.role)})`), { value: u.id })))).catch(() => {});
      nodes.push(fold('Hand it over', 'Hand over', [field('To', who), field('Reason', why)], `/v1/promises/${p.id}/hand-over`, () => ({ owner_id: who.value, ...(why.value.trim() ? { reason: why.value.trim() } : {}) })));
    }
    show(p.household || 'A household', ...nodes, shut);
  };

  return { job, visit, promise };
};
