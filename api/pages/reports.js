'use strict';
// The reports of the board: figures as plots and as tables, each with what it
// counts.
window.doorstepReports = (root, { json, call, el, field, input, select, words, centre }) => {
  const NS = 'http://www.w3.org/2000/svg';
  const svg = (name, attributes, text) => {
    const e = document.createElementNS(NS, name);
    for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
    if (text !== undefined) e.textContent = text;
    return e;
  };
  const hours = (s) => (s === null ? '–' : s < 7200 ? `${Math.round(s / 60)} min` : s < 172800 ? `${(s / 3600).toFixed(1)} h` : `${(s / 86400).toFixed(1)} days`);
  const percent = (v) => (v === null ? '–' : `${Math.round(v * 100)} %`);
  const one = (v) => (v === null ? '–' : v.toFixed(1));
  const whole = (v) => String(v);

  // bars draws lines of [label, value, second value]; the same numbers stand
  // in the table below.
  const bars = (title, lines, say, legend) => {
    const box = document.createElement('figure'), most = Math.max(1, ...lines.flatMap((l) => l.slice(1).map((v) => v || 0))), each = lines.some((l) => l.length > 2) ? 44 : 28;
    box.className = 'plot';
    const cap = el('figcaption', title + (legend ? ` (${legend})` : ''));
    cap.id = 'plot-' + Math.random().toString(36).slice(2);
    const chart = svg('svg', { viewBox: `0 0 560 ${lines.length * each + 10}`, role: 'img', 'aria-labelledby': cap.id });
    chart.append(svg('line', { x1: 170, x2: 170, y1: 0, y2: lines.length * each + 4, class: 'base' }));
    lines.forEach((l, i) => {
      chart.append(svg('text', { x: 162, y: i * each + 19, 'text-anchor': 'end' }, l[0].length > 22 ? l[0].slice(0, 21) + '…' : l[0]));
      l.slice(1).forEach((v, k) => {
        const y = i * each + 6 + k * 18, w = Math.round(((v || 0) / most) * 290);
        chart.append(svg('rect', { x: 171, y, width: w, height: 16, rx: 2, class: 'bar' + (k + 1) }), svg('text', { x: 177 + w, y: y + 13 }, say(v)));
      });
    });
    box.append(cap, chart);
    return box;
  };
  const table = (caption, columns, rows) => {
    const box = el('div', undefined, 'wide'), t = el('table'), head = el('tr'), body = el('tbody'), thead = el('thead');
    box.tabIndex = 0;
    box.setAttribute('role', 'region');
    box.setAttribute('aria-label', caption);
    t.append(el('caption', caption));
    for (const c of columns) head.append(Object.assign(el('th', c[0]), { scope: 'col' }));
    for (const r of rows) {
      const tr = el('tr');
      columns.forEach((c, i) => tr.append(i ? el('td', c[1](r)) : Object.assign(el('th', c[1](r)), { scope: 'row' })));
      body.append(tr);
    }
    thead.append(head);
    t.append(thead, body);
    box.append(t);
    return box;
  };
  const definitions = (list) => {
    const d = el('details'), dl = el('dl');
    d.append(el('summary', 'What these figures count, and the fairness shield'));
    if (list.fairness) dl.append(el('dt', 'Fairness shield'), el('dd', list.fairness));
    for (const [k, v] of Object.entries(list)) if (k !== 'fairness') dl.append(el('dt', words(k)), el('dd', v));
    d.append(dl);
    return d;
  };
  const save = (path, name) => {
    const b = el('button', `Save as CSV: ${name}`, 'plain');
    b.type = 'button';
    b.addEventListener('click', async () => {
      const res = await call(path);
      if (!res.ok) return;
      const a = el('a');
      a.href = URL.createObjectURL(await res.blob());
      a.download = name + '.csv';
      a.click();
      setTimeout(() => URL.revokeObjectURL(a.href), 1000);
    });
    return b;
  };

  const form = el('form', undefined, 'bar'), out = el('div');
  const day = (n) => new Date(Date.now() + n * 86400000).toISOString().slice(0, 10);
  const from = Object.assign(input('date'), { max: day(1) }), to = Object.assign(input('date'), { max: day(1) }), which = select([['', 'All of mine'], [centre, 'This centre']], centre);
  form.append(field('From', from), field('To', to), field('Centre', which), el('button', 'Show', 'plain'));
  const draw = async () => {
    const q = new URLSearchParams();
    for (const [k, v] of [['from', from.value], ['to', to.value], ['centre_id', which.value]]) if (v) q.set(k, v);
    out.replaceChildren(el('p', 'Counting…'));
    try {
      const [service, reach, safety] = await Promise.all(['service', 'reachability', 'safety'].map((r) => json(`/v1/reports/${r}?${q}`)));
      const name = (r) => r.centre, all = (r) => [...r.items, r.total];
      const plots = el('div', undefined, 'plots'), more = el('div', undefined, 'plots'), csv = q.toString() ? '&' + q : '';
      plots.append(
        bars('Turn-around of jobs', all(service).map((r) => [r.centre, r.turnaround_median_seconds, r.turnaround_p90_seconds]), hours, 'above: half took no longer; below: nine of ten'),
        bars('The centre’s own time', all(service).map((r) => [r.centre, r.centre_time_median_seconds, r.centre_time_p90_seconds]), hours, 'above: half took no longer; below: nine of ten'),
        bars('Fixed at the first visit', all(service).map((r) => [r.centre, r.first_time_fix_rate]), percent),
        bars('No access, and missed by us', all(service).map((r) => [r.centre, r.no_access_by_customer, r.missed_by_us]), whole, 'above: nobody let us in; below: we did not come'),
        bars('Tries for each time somebody was reached', all(service).map((r) => [r.centre, r.tries_per_reach]), one),
      );
      if (service.load.length) plots.append(bars('Load: visits given', service.load.slice(0, 60).map((l) => [l.technician, l.visits]), whole));
      const clock = Object.keys(reach.total.clock_seconds);
      out.replaceChildren(
        el('h2', 'Service'), el('p', `${service.from.slice(0, 10)} to ${service.to.slice(0, 10)}`, 'soft'), definitions(service.definitions), plots,
        table('Service by centre', [['Centre', name], ['Jobs', (r) => whole(r.jobs_opened)], ['Done', (r) => whole(r.jobs_done)], ['Turn-around, median', (r) => hours(r.turnaround_median_seconds)], ['p90', (r) => hours(r.turnaround_p90_seconds)],
          ['Centre’s time, median', (r) => hours(r.centre_time_median_seconds)], ['p90', (r) => hours(r.centre_time_p90_seconds)], ['Completed', (r) => whole(r.completed)], ['First-time fix', (r) => percent(r.first_time_fix_rate)],
          ['Repeats', (r) => whole(r.repeats_within_30_days)], ['No access', (r) => whole(r.no_access_by_customer)], ['Missed by us', (r) => whole(r.missed_by_us)], ['Tries per reach', (r) => one(r.tries_per_reach)]], all(service)),
        table('Load by technician', [['Technician', (l) => l.technician], ['Visits', (l) => whole(l.visits)], ['Planned', (l) => hours(l.planned_minutes * 60)]], service.load),
        save('/v1/reports/service?format=csv' + csv, 'service'), save('/v1/reports/service?format=csv&of=load' + csv, 'load'),
        el('h2', 'Reachability'), definitions(reach.definitions), more,
        table('Reachability by centre', [['Centre', name], ['Tries', (r) => whole(r.tries)], ['Reached', (r) => whole(r.reached)], ['They called us', (r) => whole(r.inbound_contacts)], ['Could not reach us', (r) => whole(r.could_not_reach_us)], ['Unreachable', (r) => whole(r.unreachable)],
          ['Disputes', (r) => whole(r.disputes)], ['Struck', (r) => whole(r.disputes_struck)], ['Promises due', (r) => whole(r.promises_due)], ['Late', (r) => whole(r.promises_late)], ...clock.map((k) => [`Time: ${k}`, (r) => hours(r.clock_seconds[k])])], all(reach)),
        save('/v1/reports/reachability?format=csv' + csv, 'reachability'),
        el('h2', 'Safety'), definitions(safety.definitions),
        table('Alarms by centre', [['Centre', name], ['Timers', (r) => whole(r.timers)], ['Alarms', (r) => whole(r.alarms)], ['Answered', (r) => whole(r.answered)], ['Within a minute', (r) => whole(r.answered_within_a_minute)], ['Real', (r) => whole(r.real)],
          ['False', (r) => whole(r.false_alarms)], ['False alarms', (r) => percent(r.false_alarm_rate)]], all(safety)),
        save('/v1/reports/safety?format=csv' + csv, 'safety'),
      );
      more.append(bars('Whose time it was', clock.map((k) => [k, reach.total.clock_seconds[k]]), hours), bars('Promises', all(reach).map((r) => [r.centre, r.promises_due, r.promises_late]), whole, 'above: due; below: late'));
    } catch (e) {
      out.replaceChildren(el('p', e.message, 'wrong'));
    }
  };
  form.addEventListener('submit', (e) => {
    e.preventDefault();
    draw();
  });
  root.replaceChildren(form, out);
  draw();
};
