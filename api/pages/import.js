// A sheet's way in: chosen, shown as it would land, its questions answered, landed, and taken back.
(() => {
  const $ = (id) => document.getElementById(id);
  const { store, session, el, uuid, call, refusal, problem, send, renew, door } = doorstep;
  const xlsx = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
  const offline = 'No connection. Nothing is lost: try again, nothing is done twice.';
  const most = 100; // rows are shown in parts
  let file = null, report = null, answers = new Map(), filter = 'all', shown = most, zone = 'UTC', poll = 0;

  const many = (n, one, more) => `${n.toLocaleString('en-GB')} ${n === 1 ? one : more}`;
  const button = (text, act, cls = 'plain') => {
    const b = el('button', text, cls);
    b.type = 'button';
    b.addEventListener('click', act);
    return b;
  };
  const centre = () => $('centre').value;
  const of = () => (centre() ? `&centre_id=${centre()}` : '');
  const when = (iso) => new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', timeZone: zone }).format(new Date(iso));
  const dayWords = (date) => new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long', timeZone: 'UTC' }).format(new Date(date + 'T00:00:00Z'));

  const busy = (text, max = 0, value = 0) => {
    $('busy').hidden = !text;
    $('doing').textContent = text || '';
    if (max) Object.assign($('bar'), { max, value });
    else $('bar').removeAttribute('value');
    for (const b of document.querySelectorAll('#work button,#file,#centre')) b.disabled = !!text;
  };
  const trouble = (text) => { $('problem').textContent = text || ''; };
  // asking carries out one question to the server; what refuses it is said.
  const asking = async (text, act) => {
    trouble('');
    busy(text);
    try {
      return await act();
    } catch (e) {
      if (e.status === 401) return leave('You were signed out. Sign in again; the sheet is still chosen.');
      trouble(e.said || offline);
    } finally {
      clearInterval(poll);
      busy('');
    }
    return null;
  };
  const good = async (res) => {
    if (!res.ok) throw Object.assign(new Error('refused'), await refusal(res), { status: res.status });
    return res.status === 204 ? null : res.json();
  };
  const post = (preview, id) => call(`/v1/imports/jobs?preview=${preview}${id ? `&id=${id}` : ''}${of()}`, {
    method: 'POST', body: file, headers: { 'Content-Type': /\.xlsx$/i.test(file.name) ? xlsx : 'text/csv', 'Idempotency-Key': uuid() },
  });

  // watch shows how far the import of an id is, or the preview, while it runs.
  const watch = (id, text) => {
    clearInterval(poll);
    poll = setInterval(async () => {
      const res = await call(`/v1/imports/${id}`).catch(() => null);
      if (!res || !res.ok || $('busy').hidden) return;
      const p = await res.json();
      busy(`${text} ${p.rows_done} of ${p.rows} rows…`, p.rows, p.rows_done);
    }, 700);
  };
  const read = async () => {
    const id = uuid();
    watch(id, 'Reading:');
    report = await good(await post(true, id));
  };

  // The sentence about what comes, or came, of all rows.
  const parts = (r, done) => [
    r.created && many(r.created, done ? 'job created' : 'new job', done ? 'jobs created' : 'new jobs'),
    r.updated && `${many(r.updated, 'changed', 'changed')}`,
    r.unchanged && `${r.unchanged} unchanged`,
    r.asks && `${r.asks} ${r.asks === 1 ? 'asks' : 'ask'}`,
    r.rejected && `${r.rejected} refused`,
  ].filter(Boolean).join(', ');
  const names = { name: 'Name', phones: 'Numbers', address: 'Address', visit: 'Visit', technician: 'Technician', fault: 'Fault', what_matters: 'What matters', category: 'Product', serial: 'Serial', appliance_id: 'Appliance', priority: 'Priority', safety_critical: 'Safety-critical', cover: 'Cover', skill_level: 'Skill level', value_minor: 'Value', email: 'E-mail' };
  const marks = { created: '+ New', updated: '✎ Changes', unchanged: '= Unchanged', asks: '? Asks', rejected: '✕ Refused' };

  const row = (it) => {
    const li = el('li', undefined, 'row'), head = el('div'), what = el('div', undefined, 'what');
    head.append(el('span', marks[it.outcome], `pill ${it.outcome}`), el('p', `Line ${it.line}`, 'soft'));
    const r = it.read || {};
    what.append(el('h3', [it.external_ref, r.name].filter(Boolean).join(' · ') || 'No ticket'));
    const say = (text, cls) => { if (text) what.append(el('p', text, cls)); };
    say([(r.phones || []).join(', '), r.address].filter(Boolean).join(' · '));
    say([r.when, r.technician || (r.when && 'nobody assigned')].filter(Boolean).join(' · '));
    say(r.fault, 'soft');
    for (const c of it.changes || []) {
      const p = el('p', `${names[c.field] || c.field}: `);
      if (c.from) p.append(el('del', c.from), ' → ');
      p.append(el('ins', c.to || 'nothing'));
      what.append(p);
    }
    for (const q of it.questions || []) say(`? ${q.words}`, 'soft');
    for (const x of (it.outcome !== 'rejected' && it.left_out) || []) say(`Left out${x.column ? `, ${x.column}` : ''}${x.cell ? ` “${x.cell}”` : ''}: ${x.why}${x.kept ? ' (kept in the job)' : ''}`, 'soft');
    for (const x of it.errors || []) say([x.column, x.reason].filter(Boolean).join(': '), 'wrong');
    if (it.may_be_known) say('We look whether this household is known; there is nothing to do.', 'soft');
    li.append(head, what);
    return li;
  };
  const filters = {
    all: ['All', () => true], asks: ['Ask', (i) => i.outcome === 'asks'], rejected: ['Refused', (i) => i.outcome === 'rejected'],
    updated: ['Changes', (i) => i.outcome === 'updated'], left: ['Left something out', (i) => (i.left_out || []).length > 0],
    created: ['New', (i) => i.outcome === 'created'],
  };
  const rows = () => {
    const box = el('section'), h = el('h2', 'Row by row'), tabs = el('div', undefined, 'tabs'), ol = el('ol');
    h.id = 'rows-h';
    box.setAttribute('aria-labelledby', 'rows-h');
    tabs.setAttribute('role', 'group');
    tabs.setAttribute('aria-label', 'Which rows');
    for (const [key, [text, keep]] of Object.entries(filters)) {
      const n = report.items.filter(keep).length;
      if (!n && key !== 'all') continue;
      const b = button(`${text} ${n}`, () => {
        filter = key;
        shown = most;
        const fresh = rows();
        box.replaceWith(fresh);
        fresh.querySelector('[aria-pressed=true]').focus();
      });
      b.setAttribute('aria-pressed', String(filter === key));
      tabs.append(b);
    }
    const list = report.items.filter(filters[filter][1]);
    ol.append(...list.slice(0, shown).map(row));
    box.append(h, tabs, ol);
    if (list.length > shown) {
      box.append(button(`Show ${Math.min(most, list.length - shown)} more of ${list.length}`, () => {
        const at = shown;
        shown += most;
        const fresh = rows();
        box.replaceWith(fresh);
        const next = fresh.querySelectorAll('li.row')[at];
        next.tabIndex = -1;
        next.focus();
      }));
    }
    return box;
  };

  // The whole number in place of a choice: what is typed is the answer.
  const typed = (key, set) => {
    const label = el('label', 'The whole number'), input = Object.assign(el('input'), { type: 'tel', autocomplete: 'off', inputMode: 'tel', maxLength: 40 });
    const given = answers.get(key);
    if (given && /\d/.test(given)) input.value = given;
    input.addEventListener('input', () => {
      const text = input.value.trim();
      for (const b of set.querySelectorAll('input[type=radio]')) b.checked = false;
      if (text) answers.set(key, text);
      else answers.delete(key);
      foot();
    });
    set.addEventListener('change', (e) => { if (e.target.type === 'radio') input.value = ''; });
    label.append(input);
    return label;
  };
  // A question, of all rows that ask alike or, unfolded, of each.
  const card = (q, n) => {
    const li = el('li', undefined, 'card asks'), about = el('p');
    const choices = (key, legend, hush) => {
      const set = el('fieldset'), name = `q-${n}-${key}`;
      set.append(el('legend', legend, hush ? 'soft' : ''));
      for (const c of q.choices) {
        const label = el('label', undefined, 'pick'), input = Object.assign(el('input'), { type: 'radio', name, value: c.answer, checked: answers.get(key) === c.answer });
        input.addEventListener('change', () => { answers.set(key, c.answer); foot(); });
        label.append(input, c.words);
        set.append(label);
      }
      if (q.takes) set.append(typed(key, set));
      return set;
    };
    about.append(q.column ? `${q.column} ` : '');
    if (q.cell) about.append(el('span', q.cell, 'cell'));
    const lines = q.lines.length === 1 ? `line ${q.lines[0]}` : `${q.lines.length} rows ask alike: lines ${q.lines.slice(0, 6).join(', ')}${q.lines.length > 6 ? ' …' : ''}`;
    about.append(` · ${lines}`);
    const whom = report.items.filter((i) => q.lines.slice(0, 3).includes(i.line) && i.read).map((i) => el('p', [i.external_ref, i.read.name, i.read.phones.join(', '), i.read.address].filter(Boolean).join(' · '), 'soft'));
    li.append(choices(q.alike, q.words), about, ...whom);
    if (q.lines.length > 1) {
      const each = el('details');
      each.append(el('summary', 'Answer row by row'));
      q.ids.forEach((id, i) => each.append(choices(id, `Line ${q.lines[i]}`, true)));
      li.append(each);
    }
    return li;
  };
  const questions = () => {
    if (!report.questions.length) return '';
    const box = el('section'), h = el('h2', `${many(report.questions.length, 'question', 'questions')} before these rows land`), ol = el('ol');
    h.id = 'asks-h';
    box.setAttribute('aria-labelledby', 'asks-h');
    ol.append(...report.questions.map(card));
    box.append(h, el('p', 'Rows that ask wait; the others can land now. Your answers are kept for the next sheets.', 'soft'), ol);
    return box;
  };
  // What is done next: with answers the sheet is read again, else what lands is landed.
  const foot = () => {
    const bar = $('go'), lands = report.created + report.updated;
    if (!bar) return;
    if (answers.size) bar.replaceChildren(button(`Use ${many(answers.size, 'answer', 'answers')}`, answer, ''));
    else if (lands) bar.replaceChildren(button(`Import ${many(lands, 'job', 'jobs')}`, land, ''), el('span', report.asks ? `${many(report.asks, 'row waits', 'rows wait')} for an answer.` : '', 'soft'));
    else bar.replaceChildren(el('span', report.asks ? 'Nothing lands before the questions are answered.' : 'There is nothing to import: no row would change anything.', 'soft'));
  };
  const notes = () => {
    const ul = el('ul');
    if (report.encoding && !/^utf-?8$/i.test(report.encoding)) ul.append(el('li', `Read as ${report.encoding}.`, 'soft'));
    for (const x of report.left_out) ul.append(el('li', `Not read${x.line ? `, line ${x.line}` : ''}${x.column ? `: ${x.column}` : ''}${x.cell ? ` “${x.cell}”` : ''}. ${x.why}`, 'soft'));
    return ul;
  };
  const draw = () => {
    const box = $('shown'), bar = el('div', undefined, 'go'), what = el('details'), taken = el('ul');
    bar.id = 'go';
    const heading = el('h2', 'What would happen');
    what.append(el('summary', `${many(Object.keys(report.mapping).length, 'column', 'columns')} read`), taken);
    for (const [column, field] of Object.entries(report.mapping)) taken.append(el('li', `${column} → ${field.replaceAll('_', ' ')}`, 'soft'));
    box.replaceChildren(heading, el('p', report.rows ? `${many(report.rows, 'row', 'rows')}: ${parts(report, false)}` : 'The sheet has a heading and no rows.', 'sum'), notes(), what, questions());
    if (report.rows) box.append(rows(), bar);
    foot();
    box.focus();
  };

  const preview = () => asking('Reading the sheet…', async () => {
    $('shown').replaceChildren();
    answers = new Map();
    await read();
    filter = report.asks ? 'asks' : 'all';
    shown = most;
    draw();
  });
  const answer = () => asking('Keeping the answers…', async () => {
    const ids = new Set(report.questions.flatMap((q) => q.ids)), alike = new Set(report.questions.map((q) => q.alike));
    const given = [...answers].map(([key, a]) => (alike.has(key) ? { alike: key, answer: a } : ids.has(key) ? { id: key, answer: a } : null)).filter(Boolean);
    for (let i = 0; i < given.length; i += 500) await good(await send('/v1/imports/answers', { centre_id: centre() || null, answers: given.slice(i, i + 500) }));
    answers = new Map();
    await read();
    filter = report.asks ? 'asks' : 'all';
    draw();
  });
  const land = () => {
    const id = uuid(), before = new Map(report.items.map((i) => [i.line, i])), total = report.rows;
    return asking(`Importing ${many(total, 'row', 'rows')}…`, async () => {
      watch(id, 'Importing:');
      report = await good(await post(false, id));
      const other = report.items.filter((i) => (before.get(i.line) || {}).outcome !== i.outcome);
      for (const i of report.items) i.read ||= (before.get(i.line) || {}).read;
      filter = 'all';
      shown = most;
      result(id, other);
      past();
    });
  };
  const result = (id, other) => {
    const box = $('shown'), acts = el('p', undefined, 'acts');
    box.replaceChildren(el('h2', 'Done'), el('p', parts(report, true) || 'Nothing changed.', 'sum'));
    if (other.length) box.append(el('p', `${many(other.length, 'row', 'rows')} came out otherwise than shown before: somebody changed them meanwhile (${other.slice(0, 5).map((i) => `line ${i.line}`).join(', ')}).`, 'wrong'));
    if (report.day) {
      const a = el('a', `Show ${dayWords(report.day)} on the board`);
      a.href = `/board?date=${report.day}`;
      acts.append(a);
    }
    acts.append(button('Undo this import', () => undo(id)), button('Another sheet', () => { $('shown').replaceChildren(); $('file').value = ''; $('file').focus(); }));
    box.append(acts, questions(), rows());
    if (report.questions.length) {
      const bar = el('div', undefined, 'go');
      bar.id = 'go';
      box.append(bar);
      answers = new Map();
    }
    box.focus();
  };

  const undo = (id, partly = false) => {
    if (!partly && !confirm('Take back everything that this import did?')) return null;
    return asking('Taking it back…', async () => {
      const res = await send(`/v1/imports/${id}/undo`, partly ? { partly } : {}), box = $('shown');
      if (res.status === 409) {
        const p = await res.json(), ul = el('ul');
        for (const x of p.errors || []) ul.append(el('li', x.detail));
        if (p.code !== 'already_told') throw { said: p.detail };
        box.replaceChildren(el('h2', 'Somebody was told already'), el('p', p.detail), ul, button('Take back the rest', () => undo(id, true), ''));
        return box.focus();
      }
      const done = await good(res), ul = el('ul');
      for (const k of done.kept) ul.append(el('li', `${k.external_ref || 'A job'} (line ${k.line}) stays: ${k.why}`));
      box.replaceChildren(el('h2', 'Taken back'), el('p', `${many(done.taken_back, 'job', 'jobs')} as before${done.kept.length ? `, ${done.kept.length} stay` : ''}.`, 'sum'), ul);
      box.focus();
      return past();
    });
  };
  const past = async () => {
    const res = await call(`/v1/imports?limit=10${of()}`).catch(() => null);
    if (!res || !res.ok) return;
    const { items } = await res.json();
    $('none').hidden = items.length > 0;
    $('imports').replaceChildren(...items.map((i) => {
      const li = el('li', undefined, 'row'), head = el('div'), what = el('div', undefined, 'what');
      head.append(el('span', { running: 'Running', stopped: 'Stopped', done: 'Done', undone: 'Undone' }[i.state], `pill ${i.state}`));
      what.append(el('h3', when(i.created_at)), el('p', parts(i, true) || 'nothing'));
      if (i.state === 'stopped') what.append(el('p', `It stopped after ${i.rows_done} of ${i.rows} rows. Send the same file again: it goes on, nothing is doubled.`, 'wrong'));
      if (i.undo_until) {
        const b = button(`Undo, until ${new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: zone }).format(new Date(i.undo_until))}`, () => undo(i.id));
        b.setAttribute('aria-label', `${b.textContent}: the import of ${when(i.created_at)}`);
        what.append(b);
      }
      li.append(head, what);
      return li;
    }));
  };
  const template = (format) => asking('Making the sheet…', async () => {
    const res = await call(`/v1/imports/template?format=${format}${of()}`);
    if (!res.ok) throw { said: await problem(res) };
    const a = Object.assign(el('a'), { href: URL.createObjectURL(await res.blob()), download: `jobs.${format}` });
    a.click();
    URL.revokeObjectURL(a.href);
  });

  const enter = async () => {
    $('login').hidden = true;
    try {
      if (!session.me) await renew();
      if (!['coordinator', 'proprietor', 'area_manager', 'agent'].includes(session.me.role)) return leave('Your role imports no jobs.');
      const { items } = await good(await call('/v1/centres?limit=100'));
      $('centre').replaceChildren(...items.map((c) => Object.assign(el('option', c.name), { value: c.id })));
      const own = store.getItem('centre') || session.me.centre_id;
      if (items.some((c) => c.id === own)) $('centre').value = own;
      $('of').hidden = items.length < 2;
      const zones = new Map(items.map((c) => [c.id, c.zone]));
      zone = zones.get(centre()) || 'UTC';
      $('centre').onchange = () => {
        store.setItem('centre', centre());
        zone = zones.get(centre()) || 'UTC';
        past();
        if (file) preview();
      };
    } catch (e) {
      if (e.status) return leave(e.status === 401 ? '' : e.said);
      $('state').textContent = 'No connection. Trying again.';
      setTimeout(enter, 2000);
      return;
    }
    $('state').textContent = '';
    $('out').hidden = $('nav').hidden = $('work').hidden = false;
    past();
  };
  const leave = (why) => {
    session.me = null;
    $('shown').replaceChildren();
    $('out').hidden = $('nav').hidden = $('work').hidden = true;
    $('login').hidden = false;
    $('wrong').textContent = why || '';
  };
  $('file').addEventListener('change', () => {
    file = $('file').files[0] || null;
    trouble('');
    if (!file) return;
    if (file.size > 10 * 1024 * 1024) trouble('The file has more than 10 MiB. Split it, or leave out the sheets that are not needed.');
    else preview();
  });
  for (const b of document.querySelectorAll('[data-template]')) b.addEventListener('click', () => template(b.dataset.template));
  addEventListener('online', () => { if ($('problem').textContent === offline) trouble(''); });
  door(enter, leave);
})();
