/**
 * leads is where what a notice speaks of is seen, for the service worker too: a screen of the app, the messages where there is no other.
 * @param {string} kind @param {Record<string, string>} data
 */
export const leads = (kind, data) => {
  if (kind === 'sos.drill') return '#/inbox';
  if (kind.startsWith('sos.')) return data.sos_id ? '#/sos/' + data.sos_id : '#/sos';
  if (kind.startsWith('flag.') && kind !== 'flag.next_person' && data.flag_id) return '#/flag/' + data.flag_id;
  const [own] = [['leave.', 'leave'], ['kindness.', 'thanks'], ['phone.', 'phones'], ['home_safe.', 'home'], ['account.', '']].filter(([of]) => kind.startsWith(of));
  if (own) return '#/me/' + own[1];
  if (kind.startsWith('promise.') || kind.startsWith('visits.')) return '#/';
  return data.visit_id ? '#/visit/' + data.visit_id : '#/inbox';
};
