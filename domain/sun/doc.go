// Package sun tells when the sun rises and sets at a place, after the
// equation of time and the hour angle as NOAA's solar calculator uses them
// (https://gml.noaa.gov/grad/solcalc/solareqns.html), shortened to the terms
// that matter here: good to about two minutes between the polar circles.
//
// It knows no twilight, mountains or weather, and not which visit asks for
// daylight: that is a safe-visit plan.
//
//	sun.go   Day
package sun
