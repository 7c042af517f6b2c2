package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"

	"doorstep/cmd/doorstep/app"
	"doorstep/domain"
	"doorstep/domain/accounts"
	"doorstep/domain/casework"
)

type userCmd struct {
	Create userCreate `cmd:"" help:"Create a user with a password."`
}

type userCreate struct {
	app.Storage
	Login    string `help:"Login, lower case." required:""`
	Name     string `help:"Full name." required:""`
	Role     string `help:"technician, coordinator, proprietor, area_manager, agent or admin." required:"" enum:"technician,coordinator,proprietor,area_manager,agent,admin"`
	Centre   string `help:"Id of the centre, for technician, coordinator and proprietor." placeholder:"ID"`
	Area     string `help:"Id of the area, for an area manager." placeholder:"ID"`
	Password string `help:"- reads it from standard input; without it one is made and printed." placeholder:"-"`
}

func (u *userCreate) Help() string {
	return "Examples:\n  doorstep user create --login admin --role admin --name 'Asha Rao'\n" +
		"  echo 'a long pass phrase' | doorstep user create --login ravi --role technician --centre ID --name 'Ravi K' --password -"
}

func (u *userCreate) Run(ctx context.Context, e *environment) error {
	in := accounts.UserInput{Login: &u.Login, Name: &u.Name}
	role := domain.Role(u.Role)
	in.Role = &role
	for _, f := range []struct {
		raw string
		to  **domain.ID
	}{{u.Centre, &in.CentreID}, {u.Area, &in.AreaID}} {
		if f.raw != "" {
			id, err := uuid.Parse(f.raw)
			if err != nil {
				return usageError(fmt.Sprintf("%q is no id", f.raw))
			}
			*f.to = &id
		}
	}
	var password string
	made := u.Password == ""
	switch u.Password {
	case "":
		b := make([]byte, 15)
		if _, err := rand.Read(b); err != nil {
			return err
		}
		password = base64.RawURLEncoding.EncodeToString(b)
	case "-":
		line, err := bufio.NewReader(os.Stdin).ReadString('\n')
		if err != nil && err != io.EOF {
			return err
		}
		password = strings.TrimRight(line, "\r\n")
	default:
		return usageError("a password on the command line is seen by others: use --password - and standard input")
	}
	db, err := app.OpenStore(ctx, u.Storage, e.log, true)
	if err != nil {
		return err
	}
	defer db.Close()
	// Invitations are signed with a key that lives for this command only.
	keys, err := domain.NewKeyRing(uuid.NewString() + uuid.NewString())
	if err != nil {
		return err
	}
	svc := app.NewService(db, keys, time.Now, "")
	admin := domain.Actor{Role: domain.RoleAdmin, Name: "command line"}
	user, err := svc.Accounts.CreateUser(ctx, &casework.Call{Actor: admin}, in)
	if err != nil {
		return explain(err)
	}
	invited, err := svc.Accounts.Invite(ctx, &casework.Call{Actor: admin}, user.ID, accounts.InviteInput{})
	if err != nil {
		return explain(err)
	}
	if err := svc.Accounts.RedeemInvitation(ctx, svc.Accounts.InvitationCode(invited.ID), password); err != nil {
		return explain(err)
	}
	fmt.Fprintf(e.stdout, "created %s %s (%s)\n", user.Role, user.Login, user.ID)
	if made {
		fmt.Fprintf(e.stdout, "password: %s\n", password)
	}
	return nil
}

// explain adds the pointed-at details of a domain error for a terminal.
func explain(err error) error {
	var d *domain.Error
	if !errors.As(err, &d) {
		return err
	}
	msg := d.Message
	for _, f := range d.Fields {
		msg += fmt.Sprintf("\n  %s: %s", strings.TrimPrefix(f.Pointer, "/"), f.Detail)
	}
	return fmt.Errorf("%s", msg)
}
