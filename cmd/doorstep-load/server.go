package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/google/uuid"
)

const loadPassword = "a long pass phrase"

// subject is a server under load: the real binary as a process of its own.
type subject struct {
	cmd  *exec.Cmd
	base string
	env  []string
}

func secret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

// launch starts the binary on a database and waits until it is ready.
func launch(ctx context.Context, binary string, env []string) (*subject, error) {
	s, err := start(ctx, env, binary, "serve", "--listen", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := client{base: s.base, http: newHTTP(1)}
	for range 1000 {
		if err = c.do(ctx, "GET", "/readyz", nil, nil); err == nil {
			return s, nil
		}
		time.Sleep(2 * time.Millisecond)
	}
	s.stop()
	return nil, err
}

// start runs a process that says where it listens.
func start(ctx context.Context, env []string, binary string, args ...string) (*subject, error) {
	s := &subject{env: env}
	s.cmd = exec.CommandContext(ctx, binary, args...)
	// One address and few users stand for a fleet here.
	free := []string{"DOORSTEP_RATE_USER=0", "DOORSTEP_RATE_ADDRESS=0", "DOORSTEP_MAX_CONNECTIONS_PER_ADDRESS=0"}
	s.cmd.Env = slices.Concat(os.Environ(), free, env)
	s.cmd.Stderr = nil // and not a pipe that we would have to read
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		s.stop()
		return nil, errors.Join(errors.New("the server did not start"), err)
	}
	s.base = strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
	return s, nil
}

func (s *subject) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
}

// town is the data that the load works on.
type town struct {
	open, admin *client // nobody, and who invites
	desk        *client
	crew        *client // of technicians[0]
	technicians []string
	jobs        []string
}

// settleTown makes a centre with technicians and open jobs through the API.
func settleTown(ctx context.Context, binary string, s *subject, technicians, jobs int) (*town, error) {
	create := exec.CommandContext(ctx, binary, "user", "create", "--login", "load-admin", "--role", "admin", "--name", "Load Admin",
		"--password", "-")
	create.Env = append(os.Environ(), s.env...)
	create.Stdin = strings.NewReader(loadPassword + "\n")
	if out, err := create.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("user create: %w: %s", err, out)
	}
	open := &client{base: s.base, http: newHTTP(16)}
	admin, err := open.login(ctx, "load-admin", loadPassword)
	if err != nil {
		return nil, err
	}
	type made struct {
		ID    string `json:"id"`
		Sites []struct {
			ID string `json:"id"`
		} `json:"sites"`
	}
	post := func(c *client, path string, body any) (made, error) {
		var m made
		err := c.do(ctx, "POST", path, body, &m)
		return m, err
	}
	area, err := post(admin, "/v1/areas", obj{"name": "Load"})
	if err != nil {
		return nil, err
	}
	centre, err := post(admin, "/v1/centres", obj{"area_id": area.ID, "name": "Load", "zone": "UTC", "country": "IN",
		"working_days": []int{0, 1, 2, 3, 4, 5, 6}})
	if err != nil {
		return nil, err
	}
	t := &town{open: open, admin: admin}
	user := func(login, role string) (string, error) {
		u, err := post(admin, "/v1/users", obj{"login": login, "name": "Load " + login, "role": role, "centre_id": centre.ID})
		return u.ID, err
	}
	id, err := user("load-desk", "coordinator")
	if err != nil {
		return nil, err
	}
	if t.desk, err = t.signIn(ctx, "load-desk", id); err != nil {
		return nil, err
	}
	for i := range technicians {
		id, err := user(fmt.Sprintf("load-tech-%d", i), "technician")
		if err != nil {
			return nil, err
		}
		t.technicians = append(t.technicians, id)
	}
	if t.crew, err = t.signIn(ctx, "load-tech-0", t.technicians[0]); err != nil {
		return nil, err
	}
	t.jobs = make([]string, jobs)
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := int(next.Add(1) - 1); i < jobs && failed.Load() == nil; i = int(next.Add(1) - 1) {
				c, err := post(t.desk, "/v1/customers", obj{"name": fmt.Sprintf("Household %d", i),
					"contacts": []obj{{"name": "Contact", "phones": []string{fmt.Sprintf("+9198%08d", 10000000+i)}}},
					"sites":    []obj{{"address": fmt.Sprintf("%d Load Street", i), "zone": "UTC", "lat": 18.5, "lon": 73.8}}})
				var j made
				if err == nil {
					j, err = post(t.desk, "/v1/jobs", obj{"id": uuid.NewString(), "customer_id": c.ID, "fault": "does not start"})
				}
				if err != nil {
					failed.CompareAndSwap(nil, &err)
					return
				}
				t.jobs[i] = j.ID
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return nil, *err
	}
	return t, nil
}

// signIn invites somebody, who sets a password by the code that is handed over: they cannot be reached.
func (t *town) signIn(ctx context.Context, login, id string) (*client, error) {
	var invitation struct {
		Code string `json:"code"`
	}
	if err := t.admin.do(ctx, "POST", "/v1/users/"+id+"/invite", obj{}, &invitation); err != nil {
		return nil, err
	}
	if err := t.open.do(ctx, "POST", "/v1/auth/reset", obj{"token": invitation.Code, "password": loadPassword}, nil); err != nil {
		return nil, err
	}
	return t.open.login(ctx, login, loadPassword)
}

type obj = map[string]any
