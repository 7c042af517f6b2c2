package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"doorstep/cmd/doorstep/phone"
)

type phoneCmd struct {
	Server       string        `help:"The running server." default:"http://127.0.0.1:8080" env:"DOORSTEP_URL" placeholder:"URL"`
	Login        string        `help:"A technician." required:"" env:"DOORSTEP_LOGIN"`
	PasswordFile string        `help:"File with their password." type:"existingfile" xor:"password" placeholder:"FILE"`
	Password     string        `help:"Better as the variable." xor:"password" env:"DOORSTEP_PASSWORD"`
	DeskLogin    string        `help:"A coordinator of their centre: registers as many households as --visits and books the visits first, and reads what the technician may no more." env:"DOORSTEP_DESK_LOGIN" placeholder:"LOGIN"`
	DeskPassword string        `help:"Theirs; by default the technician's." env:"DOORSTEP_DESK_PASSWORD"`
	Visits       int           `help:"Visits to work, at most." default:"8"`
	Offline      time.Duration `help:"How long it works without network." default:"3h"`
	RealTime     bool          `help:"Wait for that time; else what is done is dated back."`
	ClockOff     time.Duration `help:"How far the phone's clock is ahead; negative: behind." default:"0s" placeholder:"DURATION"`
	Batch        int           `help:"Requests in one upload, at most." default:"20"`
	Seed         uint64        `help:"Of the network's luck, of the waits between tries and of what is done: the same again." default:"1"`
	phone.Network
	JSON bool `name:"json" help:"Print one JSON object, and nothing else."`
}

func (c *phoneCmd) Help() string {
	return "Against the demo (doorstep demo), whose people all have the password doorstep-demo-2026:\n" +
		"  DOORSTEP_PASSWORD=doorstep-demo-2026 doorstep phone --login ravi.patil --offline 3h --loss 30% --visits 8 --seed 2\n" +
		"  DOORSTEP_PASSWORD=doorstep-demo-2026 doorstep phone --login ravi.patil --desk-login LOGIN-OF-A-COORDINATOR --loss 30% --lies 10% --killed 5%\n" +
		"Against a server of your own:\n" +
		"  doorstep phone --server https://… --login ravi --password-file ravi.txt --loss 30% --delay 2s --json\n\n" +
		"Exit 1 when something was lost, done twice, or stays on the phone that should not; 3 when there was nothing to work, as the technician is off duty\n" +
		"or has no visit."
}

// Run works a day with a bad network and prints what an app would have seen.
func (c *phoneCmd) Run(ctx context.Context, e *environment) error {
	password := c.Password
	if c.PasswordFile != "" {
		b, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			return err
		}
		password = strings.TrimRight(string(b), "\r\n")
	}
	switch {
	case password == "":
		return usageError("a password is needed: --password-file, or DOORSTEP_PASSWORD")
	case c.Loss+c.Lies+c.Cut+c.Killed >= 1:
		return usageError("--loss, --lies, --cut and --killed together stay below 100%: something has to arrive")
	case c.Visits < 1 || c.Offline < 0 || c.Delay < 0:
		return usageError("--visits is at least 1, --offline and --delay at least 0")
	}
	o := phone.Options{Server: c.Server, Login: c.Login, Password: password, Network: c.Network, Visits: c.Visits, Offline: c.Offline,
		RealTime: c.RealTime, ClockOff: c.ClockOff, Batch: c.Batch, Seed: c.Seed, DeskLogin: c.DeskLogin, DeskPassword: c.DeskPassword}
	if o.DeskPassword == "" {
		o.DeskPassword = password
	}
	if !c.JSON {
		o.Say = func(line string) { fmt.Fprintln(e.stdout, line) }
	}
	report, err := phone.New(o).Run(ctx) // the report has the error
	if c.JSON {
		if err := json.NewEncoder(e.stdout).Encode(report); err != nil {
			return err
		}
	} else {
		report.Print(e.stdout)
	}
	var idle phone.NothingToDo
	if errors.As(err, &idle) {
		return nothingDone(idle.Error())
	}
	if !report.OK() {
		return errors.New("the phone's day did not come out as it should")
	}
	return nil
}
