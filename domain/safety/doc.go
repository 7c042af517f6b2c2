// Package safety is reports of danger and what follows from them: holds, plans,
// who is kept apart, what is asked of our own people, advisories, and care
// afterwards. SOS and timers are alarm.
//
//	advisories.go         warning markers: proposed, approved, appealed, ended
//	aftercare.go          conversations that are owed after harm
//	conduct.go            reports about our own people
//	cooloff.go            a pause after a hard visit
//	end_call.go           an abusive call that was ended
//	exclusion.go          who is kept away from a household
//	hooks.go              wishes that end here; what follows the moves of others
//	log_contact.go        a contact by its number, before anybody knows whose job it is, and a caller who was abusive
//	merge_households.go   two rows that are one household, and back
//	merge_reports.go      many words about one thing are one report
//	patterns.go           what several mild reports say together
//	report_escalation.go  who answers for a report, by when, and who is told next
//	opt_out.go            who does not want to meet again, without a reason
//	release.go            releasing a hold with a plan: by whom, after what was asked of whom
//	report_intake.go      reporting and its consequences
//	report_whose.go       a report by a number that many use: about which household it is
//	same_household.go     what lies over one row of a household lies over the others
//	service.go            the use cases
//	stop.go               stop, and an arrival of somebody who was taken out of the crew
//	withdraw_report.go    a household takes its report back
package safety
