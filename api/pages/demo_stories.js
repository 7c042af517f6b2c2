'use strict';
// The five stories of the tour. Each step is done for real, through the API, as whoever would do it; what it gives back is what happened.
// t is the teller (demo.js): t.as(login, method, path, body), t.move(duration), t.form(link, action, fields), and what the steps remember.
const stories = (() => {
  const minutes = (from, to) => `${Math.max(1, Math.ceil((Date.parse(to) - Date.parse(from)) / 60_000))}m`;
  const first = ['Leela', 'Arjun', 'Sunita', 'Dev', 'Farah', 'Joseph', 'Meher', 'Tara'], last = ['Menon', 'Raut', 'Pillai', 'Malhotra', 'Kazi', 'Dias', 'Wadia', 'Bose'];
  const streets = ['Lake View Road', 'Temple Street', 'Market Lane', 'Station Road'];
  const faults = [['It hums but nothing gets cold', 'Insulin in the fridge'], ['Leaks at the back', 'A baby sleeps until four'], ['Trips the fuse', 'She works at night'], ['Does not start', 'The lift is out of order']];
  // A call becomes a household with a job; the household has a phone that the page shows.
  const calls = async (t, who) => {
    await t.day();
    const name = `${t.any(first)} ${t.any(last)}`, [fault, matters] = t.any(faults), centre = (await t.as(who, 'GET', '/v1/centres?limit=100')).items.find((c) => c.id === t.centre);
    const number = centre.country === 'GB' ? '+4477009' + t.digits(5, '00') : '+9198' + t.digits(8);
    const home = await t.as(who, 'POST', '/v1/customers', { name, language: 'en', country: centre.country, contacts: [{ name, phones: [number], language: 'en' }],
      sites: [{ address: `${t.digits(3)} ${t.any(streets)}`, postal_code: centre.postal_codes[0], zone: centre.zone }] });
    t.home = home;
    t.job = await t.as(who, 'POST', '/v1/jobs', { customer_id: home.id, fault, category: 'refrigerator', what_matters: matters, centre_id: t.centre });
    t.link = (await t.demo('/demo/households', { job_id: t.job.id })).link;
  };
  // The best time, from so many hours on, at which the technician of the story can come.
  const books = async (t, who, hours = 0) => {
    const now = Date.parse(t.now) + hours * 3_600_000, slots = await t.as(who, 'GET', `/v1/jobs/${t.job.id}/slots?from=${new Date(now).toISOString()}&to=${new Date(now + 12 * 86_400_000).toISOString()}`);
    const offers = slots.items.flatMap((w) => w.offers.map((o) => ({ w, o }))), one = offers.find(({ o }) => o.crew[0] === t.technicianID) || offers[0];
    if (!one) throw new Error('Nobody has time for this home in twelve days. Start again, or move the clock.');
    t.crew = one.o.crew[0] === t.technicianID ? t.technician : (await t.as(who, 'GET', '/v1/users/' + one.o.crew[0])).login;
    t.visit = await t.as(who, 'POST', `/v1/jobs/${t.job.id}/visits`, { window_start: one.w.window_start, window_end: one.w.window_end, planned_start: one.o.planned_start,
      planned_minutes: slots.planned_minutes, crew: one.o.crew });
    t.show(t.crew, t.technician);
    return t.when(one.w.window_start, slots.zone);
  };
  const household = (t) => t.open('page', t.link, 'Open the household’s page'), desk = (t) => t.open(t.coordinator, `/#/household/${t.home.id}?job=${t.job.id}`, 'See it at the desk');
  const attempt = (t, body) => t.as(t.coordinator, 'POST', `/v1/jobs/${t.job.id}/attempts`, { direction: 'outbound', ...body });
  const verdict = async (t) => (await t.as(t.coordinator, 'GET', `/v1/jobs/${t.job.id}/reachability`)).verdict;

  return [{
    title: 'A call becomes a job', about: 'One call, one drawer: who, what, when, and the household has its link before it hangs up.', phones: ['household', 'technician', 'coordinator'],
    steps: [
      { who: 'coordinator', say: 'takes a call down', run: async (t) => { await calls(t, t.coordinator); desk(t); return `${t.home.name} and their job are on record, with what matters: ${t.job.what_matters}.`; } },
      { who: 'coordinator', say: 'books the best time', run: async (t) => { const when = await books(t, t.coordinator); desk(t); return `Booked for ${when}. The technician’s phone rings.`; } },
      { who: 'coordinator', say: 'sends the link', run: async (t) => { await t.as(t.coordinator, 'POST', `/v1/jobs/${t.job.id}/link/send`); household(t); return 'The link is on the household’s phone, and nobody of the staff has read it.'; } },
      { who: 'household', say: 'says yes by the link', run: async (t) => { await t.form(t.link, 'confirm'); household(t); return 'Confirmed, without a call and without an account.'; } },
    ],
    self: (t) => t.open(t.coordinator, '/#/new', 'Do it yourself at the desk'),
  }, {
    title: 'A household moves its visit', about: 'By the link, from the times that somebody can really come. Nobody is called.', phones: ['household', 'technician', 'coordinator'],
    steps: [
      { who: 'coordinator', say: 'books a visit', run: async (t) => { await calls(t, t.coordinator); const when = await books(t, t.coordinator, 26); household(t); return `${t.home.name} is asked whether ${when} suits.`; } },
      { who: 'household', say: 'says yes by the link', run: async (t) => { await t.form(t.link, 'confirm'); household(t); return 'Confirmed: the technician knows it.'; } },
      { who: 'household', say: 'asks for another time', run: async (t) => {
        const page = await t.page(t.link), free = [...page.querySelectorAll('input[name=window]')].map((i) => i.value);
        if (!free.length) throw new Error('No other time is free. Start again.');
        await t.form(t.link, 'another-time', { window: free[free.length - 1] });
        household(t);
        return 'The page keeps one of the free times for ten minutes.';
      } },
      { who: 'household', say: 'takes it', run: async (t) => {
        await t.form(t.link, 'another-time', { take: '1' });
        const visit = (await t.as(t.coordinator, 'GET', `/v1/visits?job_id=${t.job.id}&limit=20`)).items.find((v) => v.status === 'scheduled');
        desk(t);
        household(t);
        return `Moved to ${t.when(visit.window_start, t.zone)}, ${visit.confirmation}: the old time is free again, and whoever comes is told.`;
      } },
    ],
  }, {
    title: 'A household that nobody reaches', about: 'Unreachable is a conclusion with proof: different hours, more than one way, a last notice. One tap of theirs undoes it.', phones: ['household', 'coordinator', 'proprietor'],
    steps: [
      { who: 'coordinator', say: 'calls; nobody answers', run: async (t) => { await calls(t, t.coordinator); await attempt(t, { channel: 'phone', outcome: 'no_answer', ring_seconds: 30 }); desk(t); return `The verdict is “${await verdict(t)}”: one call proves nothing.`; } },
      { who: 'coordinator', say: 'writes, and calls again', run: async (t) => {
        await t.hour(13);
        await attempt(t, { channel: 'sms', outcome: 'delivered' });
        await t.hour(17);
        await attempt(t, { channel: 'phone', outcome: 'switched_off' });
        desk(t);
        return `Another way, other hours. Still “${await verdict(t)}”: one person alone proves nothing.`;
      } },
      { who: 'proprietor', say: 'calls too, a day later', run: async (t) => {
        await t.hour(10);
        await t.hour(15);
        await t.as(t.proprietor, 'POST', `/v1/jobs/${t.job.id}/attempts`, { direction: 'outbound', channel: 'phone', outcome: 'no_answer', ring_seconds: 30 });
        desk(t);
        return `Still “${await verdict(t)}”: without a last notice nobody is given up. The desk’s phone says that it is time for one.`;
      } },
      { who: 'coordinator', say: 'sends the last notice', run: async (t) => { await attempt(t, { channel: 'sms', outcome: 'sent', last_notice: true }); await t.move('25h'); desk(t); household(t);
        return `A day later the verdict is “${await verdict(t)}”. The proof can be checked by anybody.`; } },
      { who: 'household', say: 'taps “please call me”', run: async (t) => { await t.form(t.link, 'call-me'); desk(t); return `The verdict is “${await verdict(t)}” at once, and a colleague has promised to call.`; } },
    ],
  }, {
    title: 'Danger at the door', about: 'Leaving is never a question. The alarm rings until somebody is on it; the home waits until somebody decides.', phones: ['technician', 'proprietor', 'area_manager'],
    steps: [
      { who: 'technician', say: 'stands at the door', run: async (t) => {
        await calls(t, t.coordinator);
        await books(t, t.coordinator);
        await t.move(minutes(t.now, t.visit.planned_start));
        for (const move of ['en-route', 'arrive']) await t.as(t.crew, 'POST', `/v1/visits/${t.visit.id}/${move}`, {});
        t.open(t.crew, '/app#/enter', 'Open the app');
        return 'The clock has gone to the visit. A timer watches over it.';
      } },
      { who: 'technician', say: 'stops and presses SOS', run: async (t) => {
        await t.as(t.crew, 'POST', `/v1/visits/${t.visit.id}/stop`, { kind: 'threat', level: 2, note: 'He blocks the stairs and shouts.' });
        t.sos = await t.as(t.crew, 'POST', '/v1/sos', { visit_id: t.visit.id });
        t.open(t.proprietor, '/#/sos/' + t.sos.id, 'See it as the proprietor');
        return 'Every page of whoever is rung shows it, and their phones ring, tier by tier, until somebody is on it. This is a demo: nobody is called.';
      } },
      { who: 'proprietor', say: 'is on it, and ends it', run: async (t) => {
        await t.as(t.proprietor, 'POST', `/v1/sos/${t.sos.id}/acknowledge`, {});
        await t.as(t.proprietor, 'POST', `/v1/sos/${t.sos.id}/resolve`, { words: 'They are in the car and safe.', outcome: 'real' });
        return 'The ringing stops for all. Nobody else goes to this home: it is held.';
      } },
      { who: 'area_manager', say: 'reads the report and asks', run: async (t) => {
        const reports = (await t.as(t.area_manager, 'GET', `/v1/flags?job_id=${t.job.id}`)).items;
        t.flags = reports.map((f) => f.id);
        for (const f of reports) if (f.status === 'reported') await t.as(t.area_manager, 'POST', `/v1/flags/${f.id}/triage`, {});
        t.open(t.area_manager, '/#/decisions', 'See the decisions');
        return 'Before anybody goes there again, whoever was harmed is asked what the next person must know.';
      } },
      { who: 'area_manager', say: 'hears them, and releases with a plan', run: async (t) => {
        for (const id of t.flags) await t.as(t.crew, 'POST', `/v1/flags/${id}/next-person`, { words: 'The son is calm. Not alone, and not after dark.' });
        const out = await t.as(t.area_manager, 'POST', `/v1/jobs/${t.job.id}/safety-release`, { plan: ['two_people', 'daylight'], reason: 'Spoken with the son, who will be there.', confirmed_by: 'the son' });
        desk(t);
        return out.holds.some((h) => h.kind === 'safety') ? 'One release is there; a second manager decides too.' : 'Released: two people, by daylight. Whoever comes next reads it before they set off.';
      } },
    ],
  }, {
    title: 'Abuse on the phone, at night', about: 'Whoever is shouted at may end the call. Somebody else takes over, by a time that the household is told.', phones: ['household', 'agent', 'coordinator'],
    steps: [
      { who: 'agent', say: 'is shouted at, at 23:00', run: async (t) => {
        await calls(t, t.agent);
        await t.hour(23);
        const { warning } = await t.as(t.agent, 'GET', `/v1/jobs/${t.job.id}/end-call`);
        t.open(t.agent, `/#/household/${t.home.id}?job=${t.job.id}&do=end`, 'See what the agent sees');
        return `To read out first: “${warning.en}”`;
      } },
      { who: 'agent', say: 'ends the call', run: async (t) => {
        t.ended = await t.as(t.agent, 'POST', `/v1/jobs/${t.job.id}/end-call`, {});
        if (t.ended.promise) { t.owner = (await t.as(t.coordinator, 'GET', '/v1/users/' + t.ended.promise.owner_id)).login; t.show(t.owner, t.coordinator); }
        return t.ended.promise ? `${t.ended.promise.owner} calls by ${t.when(t.ended.promise.due_at, t.zone)}, and the household knows it. No phone rings at night.` : 'It is on record.';
      } },
      { who: 'agent', say: 'takes the pause that is offered', run: async (t) => { await t.as(t.agent, 'POST', `/v1/attempts/${t.ended.id}/cool-off`, { accept: true }); return 'No reason is asked, and it counts against nobody.'; } },
      { who: 'owner', say: 'calls in the morning', run: async (t) => {
        await t.move(minutes(t.now, new Date(Date.parse(t.ended.promise.due_at) - 20 * 60_000).toISOString()));
        await t.as(t.owner, 'POST', `/v1/promises/${t.ended.promise.id}/keep`, { contact: { channel: 'phone', direction: 'outbound', outcome: 'reached' } });
        t.open(t.owner, `/#/household/${t.home.id}?job=${t.job.id}`, 'See it at the desk');
        return `Reached: the verdict is “${await verdict(t)}”. The promise is kept, the job goes on, and nobody was lost.`;
      } },
    ],
  }];
})();
