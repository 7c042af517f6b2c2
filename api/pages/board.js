(() => {
  const $ = (id) => document.getElementById(id);
  const { store, session, el, renew, call, refusal, problem, send, words } = doorstep;
  const button = (text, fn, cls = 'plain') => {
    const b = el('button', text, cls);
    b.type = 'button';
    b.addEventListener('click', fn);
    return b;
  };

  const json = async (path) => {
    const res = await call(path);
    if (!res.ok) throw Object.assign(new Error(await problem(res)), { status: res.status });
    return res.json();
  };

  // Times are the centre's, wherever this browser is.
  const formats = new Map();
  const format = (zone) => {
    if (!formats.has(zone)) formats.set(zone, new Intl.DateTimeFormat('en-CA', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' }));
    return formats.get(zone);
  };
  const wall = (at, zone) => {
    const p = {};
    for (const x of format(zone).formatToParts(new Date(at))) p[x.type] = x.value;
    return `${p.year}-${p.month}-${p.day}T${p.hour}:${p.minute}`;
  };
  const instant = (local, zone) => {
    const guess = Date.parse(local + 'Z');
    const off = (t) => Date.parse(wall(t, zone) + 'Z') - t;
    return new Date(guess - off(guess - off(guess))).toISOString();
  };
  const pad = (n) => String(n).padStart(2, '0');
  const local = (d) => `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}T${pad(d.getHours())}:${pad(d.getMinutes())}`;
  const clock = (at) => wall(at, board.centre.zone).slice(11);
  const dated = (at) => wall(at, board.centre.zone).replace('T', ' ');
  const addDays = (date, n) => new Date(Date.parse(date + 'T12:00Z') + n * 86400000).toISOString().slice(0, 10);
  const monday = (date) => addDays(date, -((new Date(date + 'T12:00Z').getUTCDay() + 6) % 7));

  let board = null, tag = '', calendar = null, sized = null, dragging = false, span = 1, date = '';
  const readonly = () => session.me.role === 'agent';
  const from = () => (span === 7 ? monday(date) : date);

  // The timeline.
  const over = ['completed', 'partial', 'no_access', 'stopped_unsafe', 'missed'];
  const can = (v, what) => !readonly() && v.actions.includes(what);
  const movable = (v) => can(v, 'assign') || can(v, 'reschedule');
  const names = (ids) => ids.map((id) => (board.technicians.find((t) => t.id === id) || { name: 'another centre' }).name).join(' and ');
  const look = (v) => {
    if (v.status === 'missed' || v.status === 'stopped_unsafe' || v.holds.includes('safety')) return 'bad';
    if (over.includes(v.status)) return 'over';
    if (v.trouble) return 'late';
    if (!v.crew.length) return 'tray';
    return v.status === 'scheduled' ? '' : 'going';
  };
  const sure = { awaiting: 'not confirmed', confirmed: 'confirmed', declined: 'declined' };
  const mark = { awaiting: '?', confirmed: '✓', declined: '✗' };
  // tell is what a card says to who cannot see it, behind its two lines.
  const trouble = { away: 'somebody of the crew does not work then', not_set_off: 'should have begun, nobody has set off' };
  const tell = (v) => `${v.trouble ? trouble[v.trouble] + ', ' : ''}${words(v.status)}, ${sure[v.confirmation]}, ${names(v.crew) || 'nobody assigned'}` +
    (v.holds.length ? `, hold: ${v.holds.map(words).join(', ')}` : '') + (v.priority === 'urgent' || v.priority === 'high' ? `, ${v.priority}` : '');
  const eventOf = (v) => {
    const start = wall(v.planned_start, board.centre.zone), end = wall(Date.parse(v.planned_start) + v.planned_minutes * 60000, board.centre.zone);
    return { id: v.id, resourceIds: v.crew.length ? v.crew : ['-'], start, end, title: v.household, startEditable: movable(v), classNames: [look(v)].filter(Boolean), extendedProps: { v } };
  };
  const content = ({ event }) => {
    const v = event.extendedProps.v;
    if (!v) return '';
    const who = el('div', v.household, 'who');
    const what = el('div', `${v.trouble ? '⚠ ' : ''}${mark[v.confirmation]} ${clock(v.planned_start)} ${words(v.category)}${v.holds.length ? ' ⚠ hold' : ''}${v.safety_critical ? ' ⚠ gas or leak' : ''}`, 'what');
    return { domNodes: [who, what, el('div', tell(v), 'hush')] };
  };
  // Long names are the first name and an initial, where that names one alone.
  const shortName = (t) => {
    const short = (name) => name.replace(/^(\S+)\s.*?(\S)\S*$/, '$1 $2.');
    return t.name.length > 16 && board.technicians.filter((x) => short(x.name) === short(t.name)).length === 1 ? short(t.name) : t.name;
  };
  // A technician's name opens what the desk can do for his day; a long tray is
  // one line until it is opened, as the panel lists the same visits.
  const rowHead = ({ resource }) => {
    if (resource.id === '-' && inTray().length > trayMost) {
      const b = button(`${trayOpen ? '▾' : '▸'} Not assigned (${inTray().length})`, () => {
        trayOpen = !trayOpen;
        drawCalendar();
      }, 'person');
      b.dataset.person = '-';
      b.setAttribute('aria-expanded', String(trayOpen));
      return { domNodes: [b] };
    }
    const t = board.technicians.find((x) => x.id === resource.id);
    if (!t) return resource.title;
    const name = Object.assign(readonly() ? el('span', shortName(t)) : button(shortName(t), () => plans.person(board.technicians.find((x) => x.id === t.id) || t, date, aheadOf(t.id)), 'person'), { title: t.name });
    if (!readonly()) {
      name.dataset.person = t.id;
      name.setAttribute('aria-haspopup', 'dialog');
      name.setAttribute('aria-label', t.name);
    }
    return { domNodes: [name] };
  };
  const trayMost = 8;
  let trayOpen = false;
  const inTray = () => shownVisits().filter((v) => !v.crew.length);
  const trayShut = () => !trayOpen && inTray().length > trayMost;
  const shownPeople = () => {
    const who = $('f-who').value, skill = $('f-skill').value;
    return board.technicians.filter((t) => (!who || t.id === who) && (!skill || t.skills.includes(skill)));
  };
  const shownVisits = () => {
    const rows = new Set(shownPeople().map((t) => t.id)), status = $('f-status').value, skill = $('f-skill').value;
    return board.visits.filter((v) => (!status || v.status === status) && (v.crew.length ? v.crew.some((id) => rows.has(id)) : !skill || v.category === skill));
  };
  const hoursOf = () => {
    let lo = 8, hi = 18;
    for (const t of board.technicians) for (const s of t.hours) [lo, hi] = [Math.min(lo, Number(s.from.slice(0, 2))), Math.max(hi, Math.ceil(Number(s.to.slice(0, 2)) + Number(s.to.slice(3)) / 60))];
    for (const v of board.visits) {
      const start = wall(v.planned_start, board.centre.zone), end = wall(Date.parse(v.planned_start) + v.planned_minutes * 60000, board.centre.zone);
      lo = Math.min(lo, Number(start.slice(11, 13)));
      hi = end.slice(0, 10) > start.slice(0, 10) ? 24 : Math.max(hi, Number(end.slice(11, 13)) + (end.slice(14) === '00' ? 0 : 1));
    }
    return [lo, hi];
  };
  const awayOf = (t) => t.away.map((a, i) => ({ id: `away-${t.id}-${i}`, resourceIds: [t.id], start: wall(a.from, board.centre.zone), end: wall(a.to, board.centre.zone), display: 'background' }));
  // What is not worked is shaded: in a day its hours, in a week whole days.
  const offOf = (t) => {
    const works = t.works.map((w) => [wall(w.from, board.centre.zone), wall(w.to, board.centre.zone)]), out = [];
    for (let n = 0; n < span; n++) {
      const end = addDays(from(), n + 1) + 'T00:00';
      let at = addDays(from(), n) + 'T00:00';
      const day = works.filter(([a, b]) => a < end && b > at);
      if (span === 7 && day.length) continue;
      for (const [a, b] of [...day, [end, end]]) {
        if (a > at) out.push({ id: `off-${t.id}-${at}`, resourceIds: [t.id], start: at, end: a, display: 'background', classNames: ['off'] });
        if (b > at) at = b;
      }
    }
    return out;
  };
  // Now is the server's, on the centre's clock, wherever this browser is.
  let ahead = 0;
  const now = () => Date.now() + ahead;
  const nowLine = (people) => {
    const at = wall(now(), board.centre.zone);
    return span === 1 && at.slice(0, 10) === from() ? [{ id: 'now', resourceIds: ['-', ...people.map((t) => t.id)], start: at, end: wall(now() + 60000, board.centre.zone), display: 'background', classNames: ['now'] }] : [];
  };
  setInterval(() => { if (calendar && board && span === 1 && !dragging && !document.hidden) drawCalendar(); }, 60000);
  const settings = () => {
    const [lo, hi] = hoursOf(), people = shownPeople(), shut = trayShut();
    return {
      view: span === 7 ? 'resourceTimelineMonth' : 'resourceTimelineDay',
      date: from() + 'T00:00',
      slotMinTime: `${pad(lo)}:00:00`,
      slotMaxTime: `${pad(hi)}:00:00`,
      // As many hours as fit, where they can still be read.
      slotWidth: Math.max(36, Math.min(60, Math.floor(($('calendar').clientWidth - 168) / (hi - lo) / 2))),
      resources: [{ id: '-', title: 'Not assigned', extendedProps: { n: inTray().length, shut } }, ...people.map((t) => ({ id: t.id, title: t.name, extendedProps: { skills: t.skills } }))],
      events: [...shownVisits().filter((v) => !shut || v.crew.length).map(eventOf), ...people.flatMap(offOf), ...people.flatMap(awayOf), ...nowLine(people)],
    };
  };
  // On a phone a day is a column a technician, swiped from one to the next; what comes next stands first.
  const narrow = matchMedia('(max-width: 600px)');
  const visitLine = (v) => {
    const b = button('', () => openVisit(board.visits.find((x) => x.id === v.id) || v), 'visit ' + look(v));
    b.dataset.visit = v.id;
    b.append(el('b', `${v.trouble ? '⚠ ' : ''}${mark[v.confirmation]} ${span === 7 ? dated(v.planned_start).slice(5) : clock(v.planned_start)} ${v.household}`),
      el('span', `${words(v.category)}${v.safety_critical ? ' ⚠ gas or leak' : ''} · ${tell(v)}`));
    return b;
  };
  const column = (t) => {
    const mine = shownVisits().filter((v) => (t.id === '-' ? !v.crew.length : v.crew.includes(t.id))).sort((x, y) => Date.parse(x.planned_start) - Date.parse(y.planned_start));
    const done = mine.filter((v) => over.includes(v.status)), next = mine.filter((v) => !done.includes(v)), box = el('section', undefined, 'column'), h = el('h2');
    box.dataset.of = t.id;
    h.append(...(t.id === '-' ? [`Not assigned (${mine.length})`] : rowHead({ resource: { id: t.id, title: t.name } }).domNodes));
    box.append(h, el('p', next.length ? `${next.length} to come` : 'Nothing more to come', 'soft'), ...next.map(visitLine));
    if (done.length) {
      const fold = el('details');
      fold.append(el('summary', `${done.length} done`), ...done.map(visitLine));
      box.append(fold);
    }
    return box;
  };
  const drawColumns = () => {
    const first = (t) => Math.min(...shownVisits().filter((v) => v.crew.includes(t.id) && !over.includes(v.status)).map((v) => Date.parse(v.planned_start)));
    const all = [...(inTray().length ? [{ id: '-' }] : []), ...shownPeople().map((t) => [first(t), t]).sort((x, y) => (x[0] === y[0] ? 0 : x[0] - y[0])).map(([, t]) => t)];
    if (!changed('columns', [all, shownVisits(), from(), span])) return;
    const box = $('calendar'), at = box.scrollLeft, open = new Set([...box.querySelectorAll('.column:has(details[open])')].map((c) => c.dataset.of));
    box.replaceChildren(...all.map(column));
    for (const c of box.children) if (open.has(c.dataset.of) && c.querySelector('details')) c.querySelector('details').open = true;
    box.scrollLeft = at;
    groups.forEach(rove);
  };
  narrow.addEventListener('change', () => {
    if (!board) return;
    if (calendar) EventCalendar.destroy(calendar);
    calendar = null;
    if (sized) sized.disconnect();
    $('calendar').replaceChildren();
    for (const k of Object.keys(last)) delete last[k];
    stood = '';
    drawCalendar();
  });
  $('tools').addEventListener('click', () => $('tools').setAttribute('aria-expanded', $('view-board').classList.toggle('tools')));
  const drawCalendar = () => {
    if (narrow.matches) return drawColumns();
    const s = settings();
    if (!calendar) {
      calendar = EventCalendar.create($('calendar'), {
        ...s,
        headerToolbar: { start: '', center: '', end: '' },
        locale: 'en-GB',
        slotDuration: '00:30',
        // A week has one column a day: its cards are lists, each as wide as the day.
        views: { resourceTimelineMonth: { duration: { weeks: 1 }, slotDuration: { days: 1 }, snapDuration: { days: 1 }, columnWidth: 'minmax(8rem, 1fr)' } },
        eventOrder: (a, b) => a.start - b.start,
        resourceLabelContent: rowHead,
        firstDay: 1,
        height: 'auto',
        nowIndicator: false,
        editable: false,
        eventStartEditable: true,
        eventDurationEditable: false,
        snapDuration: '00:15',
        eventContent: content,
        eventDidMount: ({ el: e, event }) => {
          const v = event.extendedProps.v;
          if (!v) return;
          e.dataset.visit = event.id;
          e.title = `${v.household}, ${clock(v.planned_start)}, ${words(v.category)}, ${tell(v)}`;
        },
        eventClick: ({ event }) => { const v = board.visits.find((x) => x.id === event.id); if (v) openVisit(v); },
        eventDragStart: () => { dragging = true; },
        eventDragStop: () => { dragging = false; },
        eventDrop: dropped,
        dayHeaderFormat: { weekday: 'short', day: 'numeric', month: 'short' },
      });
      // On a change of size the component stacks the cards of a day upon each
      // other in any order; given the same visits anew it begins with the first.
      let soon = 0, width = 0;
      sized = new ResizeObserver(([{ contentRect }]) => {
        if (contentRect.width === width) return;
        width = contentRect.width;
        clearTimeout(soon);
        soon = setTimeout(() => {
          if (!calendar || !board) return;
          if (span === 7) delete last.events;
          drawCalendar();
        }, 100);
      });
      sized.observe($('calendar'));
    } else for (const [k, v] of Object.entries(s)) if (changed(k, v)) calendar.setOption(k, v);
    for (const [k, v] of Object.entries(s)) changed(k, v);
    requestAnimationFrame(() => {
      // The component's table roles have no rows in them; the cards are buttons
      // that say everything.
      for (const e of document.querySelectorAll('#calendar :is([role=table],[role=rowgroup],[role=row],[role=rowheader],[role=columnheader],[role=cell],[aria-colindex],[aria-rowindex],[aria-colcount],[aria-rowcount])')) for (const a of ['role', 'aria-colindex', 'aria-rowindex', 'aria-colcount', 'aria-rowcount']) if (e.dataset.visit === undefined) e.removeAttribute(a);
      groups.forEach(rove);
      toNow();
    });
  };
  // Once for each day that is shown, the timeline stands where now is.
  let stood = '';
  const toNow = () => {
    const line = document.querySelector('#calendar .now'), box = document.querySelector('#calendar .ec-main'), of = $('centre').value + from() + span;
    if (stood === of || !line || !box) return;
    stood = of;
    box.scrollLeft += line.getBoundingClientRect().left - box.getBoundingClientRect().left - box.clientWidth / 3;
  };

  // Tab comes once to the names and once to the cards; arrows go among them.
  const groups = [{ of: 'button.person', at: null }, { of: '[data-visit]', at: null }];
  const keyOf = (e) => e.dataset.visit || e.dataset.person || '';
  const first = (all) => {
    const at = new Map(all.map((e) => [e, e.getBoundingClientRect()]));
    return all.reduce((a, b) => (!a || at.get(b).top - at.get(a).top < -3 || Math.abs(at.get(b).top - at.get(a).top) <= 3 && at.get(b).left < at.get(a).left ? b : a), null);
  };
  const rove = (g) => {
    const all = [...$('calendar').querySelectorAll(g.of)];
    if (!all.includes(g.at)) g.at = all.find((e) => g.at && keyOf(e) === keyOf(g.at)) || first(all);
    for (const e of all) e.tabIndex = e === g.at ? 0 : -1;
    return all;
  };
  // beside is the nearest in a direction, along the way rather than across it.
  const beside = (all, at, key) => {
    if (key === 'Home') return first(all);
    const a = at.getBoundingClientRect(), flat = key === 'ArrowLeft' || key === 'ArrowRight', sign = key === 'ArrowLeft' || key === 'ArrowUp' ? -1 : 1;
    let best = null, least = Infinity;
    for (const e of all) {
      const b = e.getBoundingClientRect(), x = b.left - a.left, y = b.top - a.top, forth = (flat ? x : y) * sign, aside = Math.abs(flat ? y : x);
      if (e === at || forth < 3) continue;
      const cost = flat ? forth + 8 * aside : 4 * forth + aside;
      if (cost < least) [best, least] = [e, cost];
    }
    return best;
  };
  $('calendar').addEventListener('keydown', (e) => {
    if (!['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home'].includes(e.key) || e.ctrlKey || e.metaKey || e.altKey) return;
    const g = groups.find((x) => e.target.matches(x.of));
    if (!g) return;
    e.preventDefault();
    const to = beside(rove(g), e.target, e.key);
    if (to) to.focus();
  });
  // What is drawn anew while somebody stands on it keeps the focus, before the
  // next key comes; so does what was drawn anew behind a dialog.
  let held = null;
  const hold = () => {
    if (!held || document.activeElement !== document.body || $('dialog').open) return;
    const back = held();
    if (back) back.focus({ preventScroll: true });
  };
  const again = (e) => {
    const key = keyOf(e), box = e.closest('#side .panel'), text = e.getAttribute('aria-label');
    if (key) return () => [...$('calendar').querySelectorAll('[data-visit],[data-person]')].find((x) => keyOf(x) === key);
    return box && e.matches('button, .scroll') ? () => [...document.querySelectorAll(`#${box.id} :is(button, .scroll)`)].find((x) => x.getAttribute('aria-label') === text) : null;
  };
  for (const id of ['calendar', 'side']) new MutationObserver(hold).observe($(id), { childList: true, subtree: true });
  $('dialog').addEventListener('close', () => setTimeout(hold));
  document.addEventListener('focusin', (e) => {
    if ($('dialog').contains(e.target)) return;
    held = again(e.target);
    const g = $('calendar').contains(e.target) && groups.find((x) => e.target.matches(x.of));
    if (!g || g.at === e.target) return;
    g.at = e.target;
    rove(g);
  });
  document.addEventListener('pointerdown', (e) => { if (!e.target.closest('button, [data-visit], dialog')) held = null; });
  for (const [id, to] of [['skip-tray', () => $('side')], ['skip-calendar', () => groups[1].at || $('calendar')]]) {
    $(id).addEventListener('click', (e) => {
      e.preventDefault();
      to().focus();
    });
  }
  const last = {};
  const changed = (k, v) => {
    const text = JSON.stringify(v);
    if (last[k] === text) return false;
    last[k] = text;
    return true;
  };

  // Moves: the same way by drag and by the dialog. In its own window a visit
  // keeps its appointment; another window is another appointment.
  const moveTo = (v, to, key) => {
    const by = Date.parse(to.window_start) - Date.parse(v.window_start), at = (t) => new Date(Date.parse(t) + by).toISOString();
    const end = to.window_end || at(v.window_end), start = to.planned_start || at(v.planned_start);
    if (!by && Date.parse(end) === Date.parse(v.window_end)) return send(`/v1/visits/${v.id}/assign`, { crew: to.crew, ...(Date.parse(start) === Date.parse(v.planned_start) ? {} : { planned_start: start }) }, key);
    return send(`/v1/visits/${v.id}/reschedule`, { window_start: to.window_start, window_end: end, planned_start: start, planned_minutes: v.planned_minutes, crew: to.crew }, key);
  };
  const dropped = async ({ event, oldEvent, oldResource, newResource, revert }) => {
    dragging = false;
    const v = board.visits.find((x) => x.id === event.id);
    let crew = [...v.crew];
    if (newResource) {
      crew = crew.filter((id) => !oldResource || id !== oldResource.id);
      if (newResource.id !== '-' && !crew.includes(newResource.id)) crew.push(newResource.id);
    }
    const by = event.start - oldEvent.start, planned = by ? new Date(Date.parse(instant(local(event.start), board.centre.zone))).toISOString() : v.planned_start;
    // Inside its window the visit begins at another time; what the household was
    // promised stays, and it is not asked again.
    const inside = Date.parse(planned) >= Date.parse(v.window_start) && Date.parse(planned) < Date.parse(v.window_end);
    const start = inside ? v.window_start : new Date(Date.parse(planned) - (Date.parse(v.planned_start) - Date.parse(v.window_start))).toISOString();
    if (!inside && v.confirmation === 'confirmed') {
      revert();
      openVisit(v, { crew, start, said: 'The household confirmed this time. Moving it asks the household again.' });
      return;
    }
    try {
      const res = await moveTo(v, { crew, window_start: start, ...(inside ? { planned_start: planned } : {}) });
      if (res.ok) return load(true);
      revert();
      openVisit(v, { crew, start, refused: await refusal(res) });
    } catch {
      revert();
      openVisit(v, { crew, start, refused: { said: 'No connection. Nothing was changed.', slots: [] } });
    }
  };

  // aheadOf counts what is freed when somebody falls ill on the day that is shown.
  const aheadOf = (id) => board.visits.filter((v) => v.crew.includes(id) && v.status === 'scheduled').length;

  // One dialog for all.
  const show = (title, ...nodes) => {
    const h = el('h2', title);
    h.id = 'dialog-h';
    // The focus begins at the title: from the top all is read in its order, and
    // the key that opened the dialog opens nothing in it.
    h.tabIndex = -1;
    $('dialog-in').replaceChildren(h, ...nodes);
    if (!$('dialog').open) $('dialog').showModal();
    h.focus();
    $('dialog').scrollTop = 0;
  };
  const close = () => $('dialog').close();
  let serial = 0;
  const field = (label, control) => {
    const l = el('label', label), box = el('div');
    control.id = 'f' + ++serial;
    l.htmlFor = control.id;
    box.append(l, control);
    return box;
  };
  const input = (type, value = '') => Object.assign(el('input'), { type, value });
  const select = (options, value = '') => {
    const s = el('select');
    for (const [v, text] of options) {
      const o = el('option', text);
      o.value = v;
      s.append(o);
    }
    s.value = value;
    return s;
  };
  const wrongLine = (text = '') => {
    const w = el('p', text, 'wrong');
    w.setAttribute('role', 'alert');
    return w;
  };
  const row = (...nodes) => {
    const r = el('div', undefined, 'row');
    r.append(...nodes);
    return r;
  };
  const facts = (list) => {
    const d = el('dl');
    for (const [k, v] of list) if (v) d.append(el('dt', k), el('dd', v));
    return d;
  };
  const people = (none) => [['', none], ...board.technicians.map((t) => [t.id, t.skills.length ? `${t.name} (${t.skills.map(words).join(', ')})` : t.name])];
  const slots = doorstepSlots({ el, button, field, input, json, clock, wall, names, instant, addDays, zone: () => board.centre.zone, now: () => board.now,
    today: () => wall(board.now, board.centre.zone).slice(0, 10), name: (id) => names([id]) });
  // placing says who and when: a window of those that are free, or by hand; go
  // sends the choice. What is free instead of a refused time stands at the refusal.
  const placing = (of, start, crew, verb, go, refused, extra = []) => {
    const at = wall(start, board.centre.zone), box = el('section'), form = el('form', undefined, 'place'), wrong = wrongLine(), spot = el('div'), key = { of: '', id: '' };
    wrong.tabIndex = -1;
    wrong.id = 'refused';
    const who = select(people('Nobody yet'), crew[0] || ''), second = select(people('Nobody'), crew[1] || '');
    const day = Object.assign(input('date', at.slice(0, 10)), { required: true }), time = Object.assign(input('time', at.slice(11)), { required: true });
    const acts = el('div', undefined, 'acts');
    const say = ({ said, slots: free }) => {
      wrong.textContent = said;
      spot.replaceChildren(...(free.length ? [el('p', 'Free instead:', 'who'), slots.list(free, verb, (c) => choose(c))] : []));
    };
    let busy = false;
    // A household that has an appointment is not moved by one tap on an offer, nor
    // from what it confirmed by any: what it was told stands beside what it will be
    // asked.
    const choose = (choice, typed) => {
      const v = of.visit;
      if (!v || busy || typed && v.confirmation !== 'confirmed' || Date.parse(choice.window_start) === Date.parse(v.window_start)) return take(choice);
      say({ said: '', slots: [] });
      const from = `${dated(v.window_start)} to ${clock(v.window_end)}`, to = dated(choice.window_start);
      const asks = el('p', v.confirmation === 'confirmed' ? `The household confirmed ${from}. Moving to ${to} asks it again.` : `The household was told ${from}. Moving to ${to} asks it anew.`, 'who');
      const row = el('div', undefined, 'acts'), back = button('Keep the appointment', () => { spot.replaceChildren(); wrong.focus(); });
      row.append(button(`Move to ${to} and ask`, () => take(choice), ''), back);
      spot.replaceChildren(asks, row);
      asks.tabIndex = -1;
      asks.focus();
    };
    const take = async (choice) => {
      if (busy) return;
      busy = true;
      box.setAttribute('aria-busy', 'true');
      say({ said: '', slots: [] });
      const asked = JSON.stringify(choice);
      if (key.of !== asked) Object.assign(key, { of: asked, id: doorstep.uuid() }); // a second tap is the same move
      try {
        const res = await go(choice, key.id);
        if (res.ok) {
          close();
          return await load(true);
        }
        say(await refusal(res));
      } catch (x) {
        if (x.name !== 'TypeError') throw x;
        say({ said: 'No connection. Please try again.', slots: [] });
      } finally {
        busy = false;
        box.removeAttribute('aria-busy');
      }
      wrong.focus();
    };
    const search = slots.search(of.job, start, verb, of.more, (c) => choose(c));
    acts.append(el('button', verb), button('Close', close));
    form.append(row(field('Technician', who), field('Second technician', second)), row(field('Arrival from, date', day), field('Time', time), ...extra), acts);
    form.addEventListener('submit', (e) => {
      e.preventDefault();
      choose({ crew: [...new Set([who.value, second.value].filter(Boolean))], window_start: instant(`${day.value}T${time.value}`, board.centre.zone) }, true);
    });
    if (refused) say(refused);
    box.append(wrong, spot, search.box, el('h3', 'By hand'), form);
    return { box, wrong, look: search.look };
  };
  const openVisit = (v, draft = {}) => {
    const known = facts([
      ['Arrival window', `${dated(v.window_start)} to ${clock(v.window_end)} (planned ${clock(v.planned_start)}, ${v.planned_minutes} min)`],
      ['Crew', names(v.crew) || 'nobody assigned'],
      ['Look at it', trouble[v.trouble]],
      ['State', `${words(v.status)}, ${sure[v.confirmation]}`],
      ['Category', words(v.category)],
      ['Reference', v.external_ref],
      ['Holds', v.holds.map(words).join(', ')],
      ['Safe-visit plan', (v.plan || []).map(words).join(', ')],
    ]);
    const nodes = [known];
    if (draft.said) nodes.push(el('p', draft.said));
    if (movable(v)) {
      const p = placing({ job: v.job_id, visit: draft.said ? null : v, more: () => ({ visit_id: v.id }) }, draft.start || v.window_start, draft.crew || v.crew, 'Move', (choice, key) => moveTo(v, choice, key), draft.refused);
      if (draft.refused || draft.said) nodes.push(el('h3', 'Move'), p.box, ...doors.visit(v));
      else nodes.push(...doors.visit(v), el('h3', 'Move'), p.box);
      show(v.household, ...nodes);
      if (draft.refused) p.wrong.focus();
      return;
    }
    nodes.push(...doors.visit(v));
    const acts = el('div', undefined, 'acts');
    acts.append(button('Close', close));
    nodes.push(el('p', readonly() ? 'The centre moves its visits; you may look.' : 'Nothing can be moved on this visit now.', 'soft'), acts);
    show(v.household, ...nodes);
  };
  const openJob = (j) => {
    const known = facts([['Category', words(j.category)], ['Reference', j.external_ref], ['Open since', dated(j.opened_at)], ['Reachability', words(j.reachability || 'untried')], ['Holds', j.holds.map(words).join(', ')]]);
    if (readonly() || !j.actions.includes('schedule')) {
      const acts = el('div', undefined, 'acts');
      acts.append(button('Close', close));
      return show(j.household, known, ...doors.job(j), acts);
    }
    const long = select([['1', '1 hour'], ['2', '2 hours'], ['3', '3 hours'], ['4', '4 hours']], '2'), minutes = Object.assign(input('number', '60'), { min: 15, max: 480, step: 15, required: true });
    const begin = instant(`${date}T10:00`, board.centre.zone), now = Date.parse(board.now);
    const p = placing({ job: j.job_id, more: () => ({ planned_minutes: minutes.value }) }, Date.parse(begin) < now && date < wall(now, board.centre.zone).slice(0, 10) ? board.now : begin, [], 'Schedule',
      (choice, key) => send(`/v1/jobs/${j.job_id}/visits`, { window_end: new Date(Date.parse(choice.window_start) + long.value * 3600000).toISOString(), ...choice, planned_minutes: Number(minutes.value) }, key), null, [field('Window', long), field('Work, minutes', minutes)]);
    minutes.addEventListener('change', () => { if (minutes.reportValidity()) p.look(); });
    show(j.household, known, ...doors.job(j), el('h3', 'Schedule'), p.box);
  };

  const reachDay = async (day) => {
    if (day < from() || day >= addDays(from(), span)) go(day);
    const noon = instant(`${day}T12:00`, board.centre.zone);
    for (let n = 0; n < 3 && (!n || noon < board.from || noon > board.to); n++) await load(true); // one may be under way already
  };
  const plans = doorstepPlan({ el, button, show, close, field, input, facts, wrongLine, send, problem, names, clock, dated, words, load: (fresh) => load(fresh), reach: reachDay, visitOf: (id) => board.visits.find((v) => v.id === id) });
  $('do-plan').addEventListener('click', () => plans.day($('centre').value, date));

  const doors = doorstepDoors({ el, button, show, close, field, input, select, facts, row, wrongLine, send, problem, json, dated, words, load: (fresh) => load(fresh), centre: () => $('centre').value });

  // The panels beside the timeline.
  const missing = new Map(); // what is missing for "unreachable", by job and version
  const askMissing = async (j, line) => {
    const key = j.job_id + j.version;
    if (!missing.has(key)) {
      missing.set(key, json(`/v1/jobs/${j.job_id}/reachability`).then((r) => (r.missing.length ? 'Missing: ' + r.missing.join('; ') : r.verdict === 'unreachable' ? 'Every rule is met.' : ''))
        .catch(() => { missing.delete(key); return ''; }));
      if (missing.size > 500) missing.delete(missing.keys().next().value);
    }
    line.textContent = await missing.get(key);
  };
  // name is what its button is called after the panel; make gets it whole.
  const panel = (id, title, rows, name, make, none) => {
    const names = doorstep.apart(rows, (x) => `${titleOf(x)}: ${title}, ${name(x)}`, (x) => doorstep.tail(x.id || x.job_id));
    const box = el('section', undefined, 'panel'), h = el('h2', title), ul = el('ul'), scroll = el('div', undefined, 'scroll');
    box.id = id;
    h.append(el('span', String(rows.length) + (board.more.includes(id.slice(2)) ? '+' : '')));
    ul.append(...rows.map((x, i) => make(x, names[i])));
    scroll.append(rows.length ? ul : el('p', none, 'soft'));
    scroll.tabIndex = rows.length > 4 ? 0 : -1;
    scroll.setAttribute('role', 'group');
    scroll.setAttribute('aria-label', title);
    box.append(h, scroll);
    return box;
  };
  const titleOf = (x) => x.household || x.name || 'A household';
  const head = (x, open, name) => {
    const p = el('p');
    const b = button(titleOf(x), () => open(x));
    b.setAttribute('aria-label', name);
    p.append(b);
    return p;
  };
  const named = (j) => [words(j.category), j.external_ref].filter(Boolean).join(', ');
  const jobLine = (j, more, name) => {
    const li = el('li');
    li.append(head(j, openJob, name), el('p', [words(j.category), j.external_ref, more].filter(Boolean).join(' · '), 'soft'));
    for (const h of j.holds) li.append(el('span', words(h), 'tag warn'));
    if (j.priority === 'urgent' || j.priority === 'high') li.append(el('span', j.priority, 'tag bad'));
    return li;
  };
  // Leave that somebody asks for: approved at once, declined with a reason.
  const openRequest = (x) => {
    const known = facts([['From', dated(x.from)], ['Until', dated(x.to)], ['Kind', words(x.kind)]]), wrong = wrongLine(), acts = el('div', undefined, 'acts'), form = el('form'), why = input('text', '');
    why.maxLength = 500;
    const key = { of: '', id: '' };
    const go = (what) => async (e) => {
      e.preventDefault();
      if (what === 'decline' && !why.value.trim()) {
        wrong.textContent = 'Say why it is declined.';
        return why.focus();
      }
      if (key.of !== what + why.value) Object.assign(key, { of: what + why.value, id: doorstep.uuid() }); // a second tap is the same move
      const res = await send(`/v1/leave/${x.id}/${what}`, { reason: why.value.trim() }, key.id).catch(() => null);
      if (!res || !res.ok) {
        wrong.textContent = res ? await problem(res) : 'No connection. Please try again.';
        return wrong.focus();
      }
      const said = await res.json();
      await load(true);
      if (!said.affected || !said.affected.length) return close();
      const done = el('div', undefined, 'acts');
      done.append(button('Close', close));
      show(x.name, el('p', `Approved. ${said.affected.length === 1 ? 'One visit stands' : said.affected.length + ' visits stand'} in this time and need somebody else.`), done);
    };
    if (x.actions.includes('approve')) {
      const ok = el('button', 'Approve'), no = el('button', 'Decline', 'plain');
      ok.type = no.type = 'button';
      ok.addEventListener('click', go('approve'));
      no.addEventListener('click', go('decline'));
      form.append(field('Reason, where you decline', why), wrong);
      form.addEventListener('submit', (e) => e.preventDefault());
      acts.append(ok, no);
    }
    acts.append(button('Close', close));
    form.append(acts);
    show(x.name, known, form);
  };
  // Who cannot be rung is known before the shift; a drill that is planned can be taken back.
  const ringing = { of: '', at: 0, phones: [], drills: [] };
  const faultWords = {
    no_device: 'no phone is registered', no_notifications: 'notifications are off', no_alarms: 'the alarm channel is off', out_of_touch: 'nothing was heard of it for a day',
    battery_low: 'the battery is nearly empty', restricted: 'the phone holds the app back', queue_waits: 'what was done waits to be sent',
  };
  const readRinging = async () => {
    const centre = $('centre').value, drills = ['proprietor', 'area_manager'].includes(session.me.role);
    if (readonly() || ringing.of === centre && Date.now() - ringing.at < 60000) return;
    if (ringing.of !== centre) ringing.phones = ringing.drills = [];
    ringing.of = centre;
    ringing.at = Date.now();
    try {
      const [phones, planned] = await Promise.all([json(`/v1/centres/${centre}/phones`), drills ? json(`/v1/centres/${centre}/drills?limit=100`) : { items: [] }]);
      if (ringing.of !== centre || !board) return;
      ringing.phones = phones.items.filter((p) => p.role === 'technician' && !p.rings);
      ringing.drills = planned.items.filter((d) => d.status === 'planned').sort((x, y) => Date.parse(x.at) - Date.parse(y.at));
      drawSide();
    } catch (e) {
      if (e.status === 401) throw e;
      ringing.at = 0; // the board itself says that there is no connection
    }
  };
  const phoneLine = (p) => {
    const li = el('li', undefined, 'late');
    li.append(el('p', p.name), el('p', [...p.faults.map((f) => faultWords[f] || words(f)), p.battery !== null && `battery ${p.battery} %`, p.last_contact && `last heard of ${dated(p.last_contact)}`].filter(Boolean).join(' · '), 'soft'));
    return li;
  };
  const drillLine = (d, name) => {
    const li = el('li'), wrong = wrongLine(), off = button('Cancel', async () => {
      off.disabled = true;
      const res = await call(`/v1/drills/${d.id}`, { method: 'DELETE' }).catch(() => null);
      wrong.textContent = !res ? 'No connection. Please tap again.' : res.ok ? '' : await problem(res);
      off.disabled = false;
      if (!res || !res.ok) return;
      ringing.at = 0;
      await readRinging();
      $('side').focus();
    });
    off.setAttribute('aria-label', `Cancel: ${name}`);
    li.append(el('p', dated(d.at)), off, wrong);
    return li;
  };
  const ringingPanels = () => [
    ...(ringing.phones.length ? [panel('p-phones', ringing.phones.length === 1 ? 'One phone will not ring' : 'Phones that will not ring', ringing.phones, () => 'phone', phoneLine)] : []),
    ...(ringing.drills.length ? [panel('p-drills', 'Drills planned', ringing.drills.map((d) => ({ ...d, name: dated(d.at) })), () => 'drill', drillLine)] : []),
  ];
  const drawSide = () => {
    const now = Date.parse(board.now), unassigned = board.visits.filter((v) => !v.crew.length && v.status === 'scheduled'), open = [...document.querySelectorAll('#side .scroll')].map((e) => e.scrollTop);
    let asked = 0;
    $('side').replaceChildren(
      ...ringingPanels(),
      panel('p-unassigned', 'Not assigned', unassigned, (v) => `${dated(v.window_start)} to ${clock(v.window_end)}, ${words(v.category)}`, (v, name) => {
        const li = el('li');
        li.append(head(v, openVisit, name), el('p', `${dated(v.window_start)} to ${clock(v.window_end)} · ${words(v.category)}`, 'soft'));
        return li;
      }, 'Everybody has somebody.'),
      // Whom nobody can reach is not to be scheduled: he stands under Not reached.
      panel('p-to_schedule', 'To schedule', board.to_schedule.filter((j) => !j.holds.includes('unreachable')), named, (j, name) => jobLine(j, `since ${dated(j.opened_at).slice(0, 10)}`, name), 'Nothing waits.'),
      ...(board.leave_requests.length ? [panel('p-leave_requests', 'Leave asked for', board.leave_requests, (x) => `${dated(x.from)} to ${dated(x.to)}, ${words(x.kind)}`, (x, name) => {
        const li = el('li');
        li.append(head(x, openRequest, name), el('p', `${dated(x.from)} to ${dated(x.to)} · ${words(x.kind)}`, 'soft'));
        return li;
      })] : []),
      panel('p-promises', 'Promises due', board.promises, (p) => `${p.what || 'A call'}, due ${dated(p.due_at)}`, (p, name) => {
        const li = el('li', undefined, Date.parse(p.due_at) <= now ? 'late' : '');
        li.append(head(p, doors.promise, name), el('p', `${p.what || 'A call'} · ${p.owner}`), el('p', `${Date.parse(p.due_at) <= now ? 'Late, was due' : 'Due'} ${dated(p.due_at)}`, 'soft'));
        return li;
      }, 'No promise is due.'),
      panel('p-reaching', 'Not reached', board.reaching, named, (j, name) => {
        const li = jobLine(j, words(j.reachability), name), line = el('p', '', 'soft');
        li.append(line);
        if (asked++ < 20) askMissing(j, line);
        else {
          li.append(button('What is missing?', () => askMissing(j, line)));
          li.lastChild.setAttribute('aria-label', `What is missing? ${name}`);
        }
        return li;
      }, 'Everybody was reached.'),
      panel('p-parts', 'Waiting for parts', board.parts, named, (j, name) => jobLine(j, '', name), 'No job waits for parts.'),
    );
    [...document.querySelectorAll('#side .scroll')].forEach((e, i) => { e.scrollTop = open[i] || 0; });
  };
  // What rings says who it is, how to call them and where; whoever answers ends
  // it here too.
  const alarmHead = (a) => {
    if (a.kind !== 'sos') return `Please call ${a.raiser} · since ${dated(a.raised_at)}`;
    const state = a.status === 'raised' ? 'nobody has answered yet' : words(a.status) + ', somebody is on it';
    return `SOS · ${a.raiser} · since ${dated(a.raised_at)} · ${state}`;
  };
  const alarmAbout = (a) => `${a.raiser}, ${a.kind !== 'sos' ? 'who does not answer' : ['SOS', doorstep.silence(a.known)].filter(Boolean).join(' ')}, since ${dated(a.raised_at)}`;
  const alarmCard = (a, about) => {
    const names = doorstep.namesOf(a.moves, about);
    const li = el('li'), moves = el('div', undefined, 'moves');
    li.dataset.id = a.kind + a.id;
    li.append(el('h2', alarmHead(a)), doorstep.known(a.known, about));
    const done = () => {
      delete li.dataset.open;
      delete $('alarms').dataset.is;
      return load(true);
    };
    for (const [n, m] of a.moves.entries()) {
      if (m.fields.every((f) => f.type === 'fixed')) {
        moves.append(doorstep.form(m, done, names[n]));
        continue;
      }
      let open = null;
      const b = button(m.label + ' …', () => {
        if (open) {
          open.remove();
          open = null;
          delete li.dataset.open;
          delete $('alarms').dataset.is; // what changed meanwhile is shown whole
        } else {
          open = doorstep.form(m, done, names[n]);
          li.append(open);
          li.dataset.open = '1'; // what is being written is not replaced
          open.querySelector('select,textarea,input:not([type=hidden])').focus();
        }
        b.setAttribute('aria-expanded', String(!!open));
      });
      b.setAttribute('aria-label', doorstep.longer(names[n], m.label));
      b.setAttribute('aria-expanded', 'false');
      moves.append(b);
    }
    li.append(moves);
    return li;
  };
  const drawAlarms = () => {
    const text = JSON.stringify(board.alarms);
    if ($('alarms').dataset.is === text) return;
    $('alarms').dataset.is = text;
    const written = new Map([...$('alarms').querySelectorAll('li[data-open]')].map((li) => [li.dataset.id, li]));
    const ul = el('ul');
    const abouts = doorstep.apart(board.alarms, alarmAbout, (a) => doorstep.tail(a.id));
    for (const [i, a] of board.alarms.entries()) {
      const li = written.get(a.kind + a.id);
      if (li) {
        li.querySelector('h2').textContent = alarmHead(a);
        li.querySelector('.known').replaceWith(doorstep.known(a.known, abouts[i]));
      }
      ul.append(li || alarmCard(a, abouts[i]));
    }
    $('alarms').replaceChildren(...(board.alarms.length ? [ul, el('p', 'Doorstep is not a police or monitored service. In danger call the emergency number first.', 'soft')] : []));
  };
  const options = (id, list) => {
    const s = $(id), was = s.value;
    s.replaceChildren(...[['', 'All'], ...list].map(([v, text]) => Object.assign(el('option', text), { value: v })));
    s.value = was;
    if (s.selectedIndex < 0) s.value = '';
  };
  const draw = () => {
    options('f-who', board.technicians.map((t) => [t.id, t.name]));
    options('f-skill', [...new Set(board.technicians.flatMap((t) => t.skills))].sort().map((s) => [s, words(s)]));
    options('f-status', [...new Set(board.visits.map((v) => v.status))].sort().map((s) => [s, words(s)]));
    $('zone').textContent = `${board.visits.length} visits${board.more.includes('visits') ? ', more than fit here' : ''} · times of ${board.centre.zone}`;
    drawAlarms();
    drawSide();
    drawCalendar();
    const rings = board.alarms.some((a) => a.kind === 'sos') ? 'SOS · ' : board.alarms.length ? 'Call · ' : '';
    document.title = rings + board.centre.name + ' · Board';
    requestAnimationFrame(() => setTimeout(() => performance.mark('board'))); // painted
  };

  // Reading: by events, and by asking where they do not come.
  let loading = null, wanted = false;
  const load = (fresh) => {
    if (loading) {
      wanted = true;
      return loading;
    }
    if (fresh) tag = '';
    loading = read().finally(() => {
      loading = null;
      if (wanted) {
        wanted = false;
        load();
      }
    });
    return loading;
  };
  const read = async () => {
    if (dragging || !$('centre').value) {
      setTimeout(() => load(), 500);
      return;
    }
    const path = `/v1/centres/${$('centre').value}/board?date=${from()}&days=${span}`;
    try {
      const res = await call(path, { headers: tag ? { 'If-None-Match': tag } : {} });
      if (path !== `/v1/centres/${$('centre').value}/board?date=${from()}&days=${span}`) {
        wanted = true;
        return;
      }
      if (res.status === 200) {
        const next = await res.json();
        if (dragging) {
          wanted = true; // not under somebody's hand
          return;
        }
        tag = res.headers.get('ETag') || '';
        board = next;
        ahead = Date.parse(board.now) - Date.now();
        draw();
        readRinging().catch(() => {});
      } else if (res.status === 304) readRinging().catch(() => {});
      else {
        const why = await problem(res);
        if (res.status === 403 || res.status === 401) return leave(why);
        $('state').textContent = why;
        return;
      }
      says();
    } catch (e) {
      if (e.status === 401) return leave('Please sign in again.');
      if (e.name !== 'TypeError') throw e;
      tag = '';
      lost();
    }
  };
  // The stream is one for all tabs (desk/stream.js); the board is told of it.
  let live = false, poll = 0;
  const says = () => { $('state').textContent = live ? 'Live' : 'Not live; asking every 2 s'; };
  const lost = () => { $('state').textContent = 'No connection; this may be old. Trying again.'; };
  addEventListener('doorstep-change', () => { if (board) load(); });
  addEventListener('doorstep-live', (e) => {
    live = e.detail;
    if (!board) return;
    tag = '';
    if (live) {
      says();
      load();
    }
  });
  addEventListener('doorstep-reach', (e) => {
    if (!board) return;
    if (!e.detail) return lost();
    says();
    load(true);
  });
  const ask = () => {
    clearTimeout(poll);
    poll = setTimeout(async () => {
      if (!live || ask.n++ % 15 === 0) await load().catch(() => {});
      ask();
    }, document.hidden && live ? 30000 : 2000);
  };
  ask.n = 0;

  // Search, the way to the import, disruption.
  $('search').addEventListener('submit', async (e) => {
    e.preventDefault();
    const q = $('q').value.trim(), box = $('found');
    const plain = q.replace(/[\s()-]/g, ''), ways = /^\+?\d{7,15}$/.test(plain) ? ['phone=' + encodeURIComponent(plain)] : [];
    ways.push('external_ref=' + encodeURIComponent(q), 'serial=' + encodeURIComponent(q));
    box.hidden = false;
    box.replaceChildren(el('p', 'Looking…'));
    try {
      const all = new Map();
      for (const list of await Promise.all(ways.map((w) => json('/v1/jobs?limit=20&' + w)))) for (const j of list.items) all.set(j.id, j);
      const ul = el('ul'), jobs = [...all.values()];
      const names = doorstep.apart(jobs, (j) => `Show its visits: ${j.external_ref || 'Job'}, ${words(j.category)}, ${words(j.status)}`, (j) => doorstep.tail(j.id));
      for (const [i, j] of jobs.entries()) {
        const li = el('li', `${j.external_ref || 'Job'} · ${words(j.category)} · ${words(j.status)} · ${j.fault} `);
        li.append(button('Show its visits', async () => {
          const visits = (await json(`/v1/visits?job_id=${j.id}&limit=50`)).items.filter((v) => v.status !== 'rescheduled' && v.status !== 'cancelled');
          if (!visits.length) {
            const brief = { ...j, job_id: j.id, household: j.external_ref || `Job, ${words(j.category)}`, holds: j.holds.map((h) => h.kind) };
            li.append(el('p', 'No visit yet. ', 'soft'), button(!readonly() && j.actions.includes('schedule') ? 'Schedule…' : 'Open…', () => openJob(brief)));
            li.lastChild.focus();
            return;
          }
          const v = visits[visits.length - 1];
          if ([...$('centre').options].some((o) => o.value === v.centre_id)) $('centre').value = v.centre_id;
          go(wall(v.window_start, board.centre.zone).slice(0, 10));
          await load();
          const card = document.querySelector(`#calendar [data-visit="${v.id}"]`);
          const there = board.visits.find((x) => x.id === v.id);
          if (card) card.focus();
          else if (there) openVisit(there);
        }));
        li.lastChild.setAttribute('aria-label', names[i]);
        ul.append(li);
      }
      box.replaceChildren(el('h2', all.size ? `${all.size} found` : 'Nothing was found. Phone numbers begin with + and the country.'), ul, button('Close', () => { box.hidden = true; }));
    } catch (x) {
      box.replaceChildren(el('p', x.message, 'wrong'));
    }
    box.focus();
  });
  $('do-import').addEventListener('click', () => location.assign('/import'));
  $('do-disrupt').addEventListener('click', () => {
    const form = el('form'), wrong = wrongLine(), acts = el('div', undefined, 'acts'), key = doorstep.uuid();
    const day = Object.assign(input('date', date), { required: true }), reason = Object.assign(input('text'), { maxLength: 200, required: true }), to = input('date'), ok = el('button', 'Move the whole day');
    acts.append(ok, button('Close', close));
    form.append(row(field('Day', day), field('Move to (else the next working day)', to)), field('Reason, told to the households', reason), wrong, acts);
    form.addEventListener('submit', async (e) => {
      e.preventDefault();
      ok.disabled = true;
      wrong.textContent = '';
      try {
        const res = await send(`/v1/centres/${$('centre').value}/disruption`, { date: day.value, reason: reason.value, ...(to.value ? { move_to: to.value } : {}) }, key);
        if (res.ok) {
          const d = await res.json(), done = el('div', undefined, 'acts');
          done.append(button('Close', close));
          show('The day was moved', el('p', `${d.moved} visits have a new time, ${d.unplaced} wait for somebody.`), done);
          return await load(true);
        }
        wrong.textContent = await problem(res);
      } catch {
        wrong.textContent = 'No connection. Press again; nothing is done twice.';
      }
      ok.disabled = false;
    });
    show('Flood, strike, festival', el('p', 'Every visit of the day that has not begun is moved, and each household is told. Are you sure?'), form);
    reason.focus();
  });

  // Where we are.
  const go = (to) => {
    if (!/^\d{4}-\d\d-\d\d$/.test(to)) return;
    date = to;
    $('date').value = to;
    tag = '';
    load();
  };
  $('back').addEventListener('click', () => go(addDays(date, -span)));
  $('on').addEventListener('click', () => go(addDays(date, span)));
  $('today').addEventListener('click', () => go(wall(Date.parse(board.now), board.centre.zone).slice(0, 10)));
  $('date').addEventListener('change', () => go($('date').value));
  const length = (n) => {
    span = n;
    $('two').classList.toggle('week', n === 7);
    $('day').setAttribute('aria-pressed', String(n === 1));
    $('week').setAttribute('aria-pressed', String(n === 7));
    tag = '';
    load();
  };
  $('day').addEventListener('click', () => length(1));
  $('week').addEventListener('click', () => length(7));
  $('centre').addEventListener('change', () => { store.setItem('centre', $('centre').value); tag = ''; load(); });
  for (const id of ['f-who', 'f-skill', 'f-status']) $(id).addEventListener('change', drawCalendar);
  const turn = () => {
    const reports = location.hash === '#reports' && ['proprietor', 'area_manager'].includes(session.me && session.me.role);
    $('view-board').hidden = reports;
    $('view-reports').hidden = !reports;
    $('zone').hidden = reports;
    $('to-board').toggleAttribute('aria-current', !reports);
    $('to-reports').toggleAttribute('aria-current', reports);
    for (const [id, on] of [['to-board', !reports], ['to-reports', reports]]) if (on) $(id).setAttribute('aria-current', 'page');
    if (reports) window.doorstepReports($('view-reports'), { json, call, el, field, input, select, words, centre: $('centre').value });
  };
  addEventListener('hashchange', () => { if (board) turn(); });

  const enter = async () => {
    $('login').hidden = true;
    try {
      if (!session.me) await renew();
      if (!['coordinator', 'proprietor', 'area_manager', 'agent'].includes(session.me.role)) return leave(`As ${words(session.me.role)} you have no dispatch board.`);
      // Whose board it will be is known already, nearly always.
      const guess = store.getItem('centre') || session.me.centre_id, early = guess ? json(`/v1/centres/${guess}/board`).catch(() => null) : null;
      const centres = (await json('/v1/centres?limit=100')).items;
      $('centre').replaceChildren(...centres.map((c) => Object.assign(el('option', c.name), { value: c.id })));
      if (centres.some((c) => c.id === guess)) $('centre').value = guess;
      board = (await early) || (await json(`/v1/centres/${$('centre').value}/board`));
      ahead = Date.parse(board.now) - Date.now();
      $('centre').value = board.centre.id;
      const asked = new URLSearchParams(location.search).get('date') || '';
      date = /^\d{4}-\d\d-\d\d$/.test(asked) ? asked : wall(board.now, board.centre.zone).slice(0, 10);
      $('date').value = date;
    } catch (e) {
      if (e.status) return leave(e.status === 401 ? '' : e.message);
      $('state').textContent = 'No connection. Trying again.';
      setTimeout(enter, 2000);
      return;
    }
    $('out').hidden = $('nav').hidden = false;
    $('to-reports').hidden = !['proprietor', 'area_manager'].includes(session.me.role);
    $('do-disrupt').hidden = $('do-plan').hidden = readonly();
    turn();
    draw();
    says();
    ask();
  };
  const leave = (why) => {
    live = false;
    tag = '';
    clearTimeout(poll);
    if (sized) sized.disconnect();
    if (calendar) EventCalendar.destroy(calendar);
    calendar = session.me = board = null;
    for (const k of Object.keys(last)) delete last[k];
    missing.clear();
    Object.assign(ringing, { of: '', at: 0, phones: [], drills: [] });
    for (const id of ['calendar', 'side', 'alarms', 'found', 'view-reports', 'dialog-in']) $(id).replaceChildren();
    delete $('alarms').dataset.is;
    if ($('dialog').open) close();
    $('view-board').hidden = $('view-reports').hidden = $('out').hidden = $('nav').hidden = true;
    $('login').hidden = false;
    $('state').textContent = $('zone').textContent = '';
    stood = '';
    $('wrong').textContent = why || '';
    document.title = 'Board · Doorstep';
  };
  document.addEventListener('visibilitychange', () => { if (!document.hidden && board) load(); });
  doorstep.door(enter, leave);
})();
