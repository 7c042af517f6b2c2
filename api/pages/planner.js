// Proposals on the board: a plan for the day, and who goes instead of somebody
// who fell ill. What the board knows and does comes as tools.
const doorstepPlan = (tools) => {
  const { el, button, show, close, field, input, facts, wrongLine, send, problem, load, reach, visitOf, names, clock, dated, words } = tools;
  const count = (n, one, many) => `${n} ${n === 1 ? one : many}`;
  const acts = (...nodes) => {
    const d = el('div', undefined, 'acts');
    d.append(...nodes);
    return d;
  };

  // cost says in words what a proposal costs, and why it is this one.
  const cost = (parts) => [
    parts.map((p) => `${p.travel_minutes} min${p.travel_known ? '' : ' (place unknown, assumed)'}`).join(' and ') + ' on the way',
    ...(parts.some((p) => p.continuity) ? ['knows the household'] : []),
    ...(parts[0].crew.length > 1 ? ['the plan asks for two people'] : []),
  ].join(' · ');

  const proposals = (plan, title) => {
    // As the board knew them when it was asked: a visit may leave it meanwhile.
    const known = new Map([...plan.visits, ...plan.unplaced].map((p) => [p.visit_id, visitOf(p.visit_id)]));
    const household = (id) => (known.get(id) || { household: 'A household' }).household;
    const frame = (id) => {
      const v = known.get(id);
      return v ? `arrival window ${clock(v.window_start)} to ${clock(v.window_end)}` : '';
    };
    const byVisit = new Map();
    for (const p of plan.visits) byVisit.set(p.visit_id, [...(byVisit.get(p.visit_id) || []), p]);
    const said = el('p', undefined, 'said'), rows = new Map(), list = el('ul', undefined, 'plan');
    said.setAttribute('role', 'status');
    const shut = button('Close', close);
    const whole = button('', () => accept(open(), whole), '');
    const open = () => [...rows].filter(([, r]) => r.button.isConnected).map(([id]) => id);
    const label = () => {
      whole.textContent = `Accept all ${open().length}`;
      whole.hidden = open().length < 2;
    };
    // Every answer is told where it belongs, and summed up for who cannot see.
    const accept = async (ids, from) => {
      if (whole.getAttribute('aria-disabled')) return;
      const buttons = [whole, ...[...rows.values()].map((r) => r.button)];
      for (const b of buttons) b.setAttribute('aria-disabled', 'true');
      said.textContent = 'Assigning…';
      try {
        const res = await send(`/v1/plans/${plan.id}/accept`, { visit_ids: ids });
        if (!res.ok) said.textContent = await problem(res);
        else {
          const out = await res.json();
          for (const id of out.accepted) settle(id, 'Assigned.', 'fine');
          for (const x of out.refused) settle(x.visit_id, `Not assigned: ${x.reason}`, 'wrong');
          said.textContent = [out.accepted.length ? `${out.accepted.length} assigned.` : '', ...out.refused.map((x) => `${household(x.visit_id)}, not assigned: ${x.reason}`)].filter(Boolean).join(' ');
          load(true);
        }
      } catch {
        said.textContent = 'No connection. Press again; nothing is done twice.';
      }
      for (const b of buttons) b.removeAttribute('aria-disabled');
      label();
      if (from.isConnected && !from.hidden) return from.focus();
      const next = open()[0];
      (next ? rows.get(next).button : shut).focus();
    };
    const settle = (id, text, cls) => {
      const r = rows.get(id);
      if (r) r.button.replaceWith(el('p', text, cls));
    };
    for (const [id, parts] of byVisit) {
      const li = el('li'), p = parts[0], who = names(p.crew), text = el('div');
      text.append(el('p', `${clock(p.planned_start)} ${household(id)}`, 'who'), el('p', `${who} · ${frame(id)}`), el('p', cost(parts), 'soft'));
      const b = button('Accept', () => accept([id], b));
      b.setAttribute('aria-label', `Accept: ${who} to ${household(id)} at ${clock(p.planned_start)}`);
      rows.set(id, { button: b });
      li.append(text, b);
      list.append(li);
    }
    const nodes = [said];
    if (byVisit.size) {
      const { before, after } = plan;
      nodes.push(el('p', `${before.travel_minutes} min on the way as it stands, ${after.travel_minutes} min with all of these; ${count(after.technicians, 'technician', 'technicians')} out. Ways ${plan.travel.road_engine ? 'by the road engine' : `at ${plan.travel.speed_kmh} km/h`}.`, 'soft'), list);
    }
    if (plan.unplaced.length) {
      const ul = el('ul', undefined, 'plan');
      for (const u of plan.unplaced) {
        const li = el('li'), box = el('div');
        box.append(el('p', household(u.visit_id), 'who'), el('p', frame(u.visit_id)), el('p', u.reason));
        const more = u.refusals.filter((r) => r.reason !== u.reason);
        if (more.length) {
          const d = el('details'), in_ = el('ul');
          in_.append(...more.map((r) => el('li', r.reason)));
          d.append(el('summary', 'Why not'), in_);
          box.append(d);
        }
        li.append(box);
        ul.append(li);
      }
      nodes.push(el('h3', 'Without a proposal'), ul);
    }
    show(title, ...nodes, acts(whole, shut));
    label();
    const all = byVisit.size + plan.unplaced.length;
    said.textContent = all ? `${byVisit.size} of ${count(all, 'visit', 'visits')} ${byVisit.size === 1 ? 'has' : 'have'} a proposal. Nothing is changed until you accept.` : 'Every visit of this day has somebody.';
  };

  // asking is a form with a day; go answers with the plan and its title.
  const asking = (title, why, day, what, go) => {
    const form = el('form'), wrong = wrongLine(), date = Object.assign(input('date', day), { required: true }), ok = el('button', what);
    let of = '', key = '';
    form.append(field('Day', date), wrong, acts(ok, button('Close', close)));
    form.addEventListener('submit', async (e) => {
      e.preventDefault();
      ok.disabled = true;
      wrong.textContent = '';
      if (of !== date.value) [of, key] = [date.value, doorstep.uuid()];
      try {
        const res = await go(date.value, key);
        if (res.ok) {
          const out = await res.json();
          await reach(date.value);
          return proposals(out.plan || out, out.freed ? `${count(out.freed.length, 'visit needs', 'visits need')} somebody` : `Plan for ${date.value}`);
        }
        key = doorstep.uuid(); // it may be judged anew
        wrong.textContent = await problem(res);
      } catch (x) {
        if (x.name !== 'TypeError') throw x;
        wrong.textContent = 'No connection. Press again; nothing is done twice.';
      }
      ok.disabled = false;
      ok.focus();
    });
    show(title, el('p', why, 'soft'), form);
    return ok;
  };

  return {
    day: (centre, date) => asking('Plan the day', 'For each visit that nobody goes to, somebody is proposed who can be there in time. Nothing is changed until you accept.', date, 'Propose',
      (day, key) => send(`/v1/centres/${centre}/plan`, { date: day }, key)).focus(), // it only proposes
    // A name opens what is known of the person; what frees their day is a step
    // further, and says how much it frees.
    person: (t, date, ahead) => show(t.name,
      facts([['Skills', t.skills.map(words).join(', ')], ['Works', t.works.map((w) => `${dated(w.from)} to ${dated(w.to).slice(11)}`).join(', ') || 'not on this day'], ['Away', t.away.map((a) => `${dated(a.from)} to ${dated(a.to)}`).join(', ')], ['Visits ahead', String(ahead)]]),
      acts(button('Sick on this day…', () => asking(`${t.name} is ill`, `The rest of this day becomes leave. ${count(ahead, 'visit is', 'visits are')} freed, and you see who could go instead.`, date, 'Free this day',
        (day, key) => send(`/v1/technicians/${t.id}/sick`, { date: day }, key))), button('Close', close))),
  };
};
