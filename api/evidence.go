package api

import (
	"context"
	"encoding/base64"
	"encoding/hex"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain/casework"
	"doorstep/domain/proof"
)

func mountEvidence(a *App, s *web.Server) {
	svc := a.Service

	s.Handle("POST", "/v1/flags/{id}/evidence", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "flag")
		if err != nil {
			return err
		}
		in := proof.EvidenceInput{Body: c.Request().Body()}
		if in.ID, err = web.QueryID(c, "evidence_id"); err != nil {
			return err
		}
		if in.MediaType, err = web.MediaType(c); err != nil {
			return err
		}
		return write(c, fiber.StatusCreated, "/v1/flags/"+id.String()+"/evidence", func(ctx context.Context, call *casework.Call) error {
			_, err := svc.Proof.AddEvidence(ctx, call, id, in)
			return err
		})
	})
	s.Handle("GET", "/v1/flags/{id}/evidence", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "flag")
		if err != nil {
			return err
		}
		rows, err := svc.Proof.EvidenceList(c.UserContext(), actorOf(c), id)
		if err != nil {
			return err
		}
		return web.List(c, rows, "")
	})
	s.Handle("POST", "/v1/flags/{id}/evidence/{evidence_id}/remove", func(c *fiber.Ctx) error {
		flag, err := web.PathID(c, "id", "flag")
		if err != nil {
			return err
		}
		id, err := web.PathID(c, "evidence_id", "evidence")
		if err != nil {
			return err
		}
		in, err := decode[casework.When](c)
		if err != nil {
			return err
		}
		return write(c, fiber.StatusOK, "", func(ctx context.Context, call *casework.Call) error {
			_, err := svc.Proof.RemoveEvidence(ctx, call, flag, id, in)
			return err
		})
	})
	s.Handle("GET", "/v1/flags/{id}/evidence/{evidence_id}", func(c *fiber.Ctx) error {
		flag, err := web.PathID(c, "id", "flag")
		if err != nil {
			return err
		}
		id, err := web.PathID(c, "evidence_id", "evidence")
		if err != nil {
			return err
		}
		// The file is sent after the handler's context has ended.
		e, file, err := svc.Proof.OpenEvidence(context.WithoutCancel(c.UserContext()), actorOf(c), flag, id)
		if err != nil {
			return err
		}
		digest, err := hex.DecodeString(e.Digest)
		if err != nil {
			_ = file.Close()
			return err
		}
		c.Set(fiber.HeaderContentType, e.MediaType)
		c.Set(fiber.HeaderContentDisposition, `attachment; filename="`+e.FileName()+`"`)
		c.Set("Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(digest)+":")
		return c.SendStream(file, int(e.Size))
	})
}
