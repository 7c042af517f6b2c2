package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"doorstep/api/web"
)

// bareCmd is the plain driver behind HTTP: token, JSON in, the same rows, JSON
// out, and nothing else. It writes what it is told and checks no rule.
type bareCmd struct {
	Database    string `required:"" help:"postgres://… or the file."`
	Connections int    `default:"16"`
	Synchronous string `default:"FULL" enum:"FULL,NORMAL" help:"Of SQLite."`
}

func (b *bareCmd) Run(ctx context.Context) error {
	tokens, err := web.NewTokens(os.Getenv("DOORSTEP_JWT_SECRET"), "doorstep", "doorstep", 0)
	if err != nil {
		return err
	}
	db, err := openPlain(ctx, b.Database, b.Synchronous, b.Connections)
	if err != nil {
		return err
	}
	defer db.close()
	rows, err := newCopies(ctx, db)
	if err != nil {
		return err
	}
	app := fiber.New(fiber.Config{DisableStartupMessage: true, Immutable: true})
	app.Use(func(c *fiber.Ctx) error {
		claims, err := tokens.Verify(strings.TrimPrefix(c.Get("Authorization"), "Bearer "))
		if err != nil {
			return c.SendStatus(fiber.StatusUnauthorized)
		}
		c.Locals("user", claims.UserID)
		return c.Next()
	})
	answer := func(c *fiber.Ctx, m made) error {
		if err := db.write(c.Context(), m.statements); err != nil {
			return err
		}
		return c.Status(fiber.StatusCreated).JSON(m)
	}
	app.Post("/v1/jobs/:id/attempts", func(c *fiber.Ctx) error {
		var in struct {
			Channel, Outcome string
			RingSeconds      int `json:"ring_seconds"`
		}
		if err := json.Unmarshal(c.Body(), &in); err != nil {
			return err
		}
		return answer(c, rows.attempt(c.Params("id")))
	})
	app.Post("/v1/jobs/:id/visits", func(c *fiber.Ctx) error {
		var in struct {
			WindowStart    time.Time `json:"window_start"`
			WindowEnd      time.Time `json:"window_end"`
			PlannedMinutes int       `json:"planned_minutes"`
			Crew           []string
		}
		if err := json.Unmarshal(c.Body(), &in); err != nil {
			return err
		}
		return answer(c, rows.visit(c.Params("id"), in.Crew[0], in.WindowStart))
	})
	app.Get("/v1/visits", func(c *fiber.Ctx) error {
		from, err := time.Parse(time.DateOnly, c.Query("date"))
		if err != nil {
			return err
		}
		items, err := db.day(c.Context(), c.Locals("user").(uuid.UUID).String(), from)
		if err != nil {
			return err
		}
		return c.JSON(fiber.Map{"items": items})
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("listening on http://%s\n", ln.Addr())
	return app.Listener(ln)
}
