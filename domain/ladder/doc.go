// Package ladder climbs: it says when an SOS rings whom, tier by tier, until
// somebody answers (docs/product.md section 5, "SOS"). It is pure; time comes in.
//
// It names audiences and no people, and rings nobody: who they are, and whom
// an alarm must not reach, is domain's.
//
//	ladder.go   Tier, the brand's ladder, and which tier is due
package ladder
