package main

import (
	"errors"
	"time"

	"doorstep/domain/slots"
)

// windowFlags say which arrival windows are offered.
type windowFlags struct {
	Window int    `name:"window-minutes" help:"Length of the arrival windows that are offered, in minutes." default:"120" env:"DOORSTEP_WINDOW_MINUTES"`
	Opens  string `name:"windows-from" help:"When the first of a day may begin, HH:MM of the centre." default:"08:00" env:"DOORSTEP_WINDOWS_FROM"`
	Closes string `name:"windows-to" help:"When the last one ends." default:"20:00" env:"DOORSTEP_WINDOWS_TO"`
}

func (f windowFlags) grid() (slots.Grid, error) {
	clock := func(s string) int {
		at, err := time.Parse("15:04", s)
		if s == "24:00" {
			return 24 * 60
		}
		if err != nil {
			return -1
		}
		return at.Hour()*60 + at.Minute()
	}
	g := slots.Grid{From: clock(f.Opens), To: clock(f.Closes), Minutes: f.Window}
	if g.From < 0 || g.To < 0 || g.Minutes < 15 || g.Minutes > 720 || g.From+g.Minutes > g.To {
		return g, errors.New(
			"the arrival windows do not fit: DOORSTEP_WINDOWS_FROM and _TO are HH:MM, DOORSTEP_WINDOW_MINUTES 15 to 720 between them")
	}
	return g, nil
}
