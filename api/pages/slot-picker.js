// Arrival windows that can be booked and who would come, as buttons: what the
// server offers is what it accepts. What the board knows comes as tools.
const doorstepSlots = (tools) => {
  const { el, button, field, input, json, clock, wall, zone, names, name, instant, addDays, today } = tools;
  const dayName = (at) => new Intl.DateTimeFormat('en-GB', { timeZone: zone(), weekday: 'short', day: 'numeric', month: 'short' }).format(new Date(at));
  const windowName = (w) => `${dayName(w.window_start)}, ${clock(w.window_start)} to ${clock(w.window_end)}`;
  const way = (o) => (o.travel_minutes === null ? 'way unknown' : `${o.travel_minutes} min way`);
  const offerName = (o) => [`${names(o.crew)}, ${clock(o.planned_start)}`, way(o), o.parts.continuity ? 'knows the household' : ''].filter(Boolean).join(' · ');
  const points = (o) => `${names(o.crew)}: ${o.score} of 100 points (short way ${o.parts.travel} of 40, knows the household ${o.parts.continuity} of 20, free day ${o.parts.load} of 20, soon ${o.parts.earliness} of 20)`;
  const fold = (title, ...nodes) => {
    const d = el('details');
    d.append(el('summary', title), ...nodes);
    return d;
  };
  const lines = (list) => {
    const ul = el('ul');
    ul.append(...list.map((x) => el('li', x)));
    return ul;
  };
  const near = 3; // buttons of a window before the fold

  // list gives windows with their people as buttons; take gets the choice.
  const list = (windows, verb, take) => {
    const ul = el('ul', undefined, 'slots');
    for (const w of windows) {
      const li = el('li'), box = el('div', undefined, 'offers'), rest = el('div', undefined, 'offers');
      w.offers.forEach((o, i) => {
        const b = button(offerName(o), () => take({ crew: o.crew, window_start: w.window_start, window_end: w.window_end, planned_start: o.planned_start }));
        b.setAttribute('aria-label', `${verb}: ${windowName(w)}, ${offerName(o)}`);
        (i < near ? box : rest).append(b);
      });
      li.append(el('p', windowName(w), 'who'), box);
      if (w.offers.length > near) li.append(fold(`${w.offers.length - near} more who could come`, rest));
      li.append(fold('Points', lines(w.offers.map(points))));
      ul.append(li);
    }
    return ul;
  };

  // whyNot gathers the refusals of a day by who and what, each said once.
  const whyNot = (answer) => {
    const by = new Map(), offered = new Set(answer.items.flatMap((w) => w.offers.flatMap((o) => o.crew)));
    for (const w of answer.items) for (const r of w.refused) {
      const who = r.technician_id ? name(r.technician_id) + (offered.has(r.technician_id) ? ' (at some times)' : '') : 'Everybody';
      by.set(who, (by.get(who) || new Set()).add(r.detail));
    }
    return [...by].map(([who, why]) => `${who}: ${[...why].slice(0, 3).join(' ')}${why.size > 3 ? ` And ${why.size - 3} more.` : ''}`);
  };

  // search is the part of a form that asks for two days around one; more gives
  // further questions.
  const search = (job, start, verb, more, take) => {
    const box = el('section'), day = Object.assign(input('date', wall(start, zone()).slice(0, 10)), { required: true }), said = el('p', undefined, 'soft'), out = el('div');
    said.setAttribute('role', 'status');
    const ask = (from, to, extra) => json(`/v1/jobs/${job}/slots?` + new URLSearchParams({ from, to, ...more(), ...extra }));
    let turn = 0;
    const look = async () => {
      const mine = ++turn, at = day.value;
      if (!/^\d{4}-\d\d-\d\d$/.test(at)) return;
      out.replaceChildren();
      if (at < today()) {
        said.textContent = 'This day is over.';
        return;
      }
      said.textContent = 'Looking who could come…';
      const bound = (n) => instant(`${addDays(at, n)}T00:00`, zone());
      const first = addDays(at, -2) > today() ? bound(-2) : new Date(Math.max(Date.parse(tools.now()), Date.parse(bound(-2)))).toISOString();
      try {
        const answer = await ask(first, bound(3), {});
        if (mine !== turn) return;
        const free = answer.items.filter((w) => w.offers.length), ofDay = (w) => wall(w.window_start, zone()).slice(0, 10) === at;
        const here = free.filter(ofDay), other = free.filter((w) => !ofDay(w));
        said.textContent = answer.refused ? answer.refused.detail : here.length ? 'Best first.' : free.length ? 'Nobody is free on this day; these are near it.' : 'Nobody is free on this day or two days around it.';
        out.append(list(here.slice(0, 3), verb, take));
        if (here.length > 3) out.append(fold(`${here.length - 3} more on this day`, list(here.slice(3), verb, take)));
        if (other.length && here.length) out.append(fold('Days around it', list(other.slice(0, 6), verb, take)));
        else if (other.length) out.append(list(other.slice(0, 3), verb, take));
        if (answer.refused) return;
        const why = fold('Why not somebody else?');
        why.addEventListener('toggle', async () => {
          if (!why.open || why.dataset.asked) return;
          why.dataset.asked = 'yes';
          const line = el('p', 'Asking…', 'soft');
          why.append(line);
          try {
            const from = at === today() ? tools.now() : bound(0), no = whyNot(await ask(from, bound(1), { explain: 'true' }));
            line.replaceWith(no.length ? lines(no) : el('p', 'Everybody could come at any time of this day.', 'soft'));
          } catch (x) {
            line.textContent = x.message;
            delete why.dataset.asked;
          }
        }, { passive: true });
        out.append(why);
      } catch (x) {
        if (mine === turn) said.textContent = x.name === 'TypeError' ? 'No connection. Choose the day again.' : x.message;
      }
    };
    day.addEventListener('change', look);
    box.append(field('Around the day', day), said, out);
    look();
    return { box, look };
  };

  return { list, search };
};
