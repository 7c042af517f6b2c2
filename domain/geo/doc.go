// Package geo measures the earth: how far apart two places are.
//
// It is not about ways: how long somebody drives is said by slots.GreatCircle, or by roads where an engine knows them.
//
//	geo.go   the great circle
package geo
