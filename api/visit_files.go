package api

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/proof"
)

// Uploads go on by the core of tus 1.0 (HEAD tells the offset, PATCH adds at it), because phones and browsers have kept clients for it.
const (
	headerTus          = "Tus-Resumable"
	headerUploadOffset = "Upload-Offset"
	headerUploadLength = "Upload-Length"
)

func mountVisitFiles(a *App, s *web.Server) {
	svc := a.Service

	s.Handle("POST", "/v1/visits/{id}/files", func(c *fiber.Ctx) error {
		visit, err := web.PathID(c, "id", "visit")
		if err != nil {
			return err
		}
		in, err := decode[proof.VisitFileInput](c)
		if err != nil {
			return err
		}
		c.Set(headerTus, "1.0.0")
		return write(c, fiber.StatusCreated, "/v1/visits/"+visit.String()+"/files", func(ctx context.Context, call *casework.Call) error {
			_, err := svc.Proof.AnnounceFile(ctx, call, visit, in)
			return err
		})
	})
	s.Handle("GET", "/v1/visits/{id}/files", func(c *fiber.Ctx) error {
		visit, err := web.PathID(c, "id", "visit")
		if err != nil {
			return err
		}
		rows, err := svc.Proof.VisitFiles(c.UserContext(), actorOf(c), visit)
		if err != nil {
			return err
		}
		return web.List(c, rows, "")
	})
	s.Handle("PATCH", "/v1/visits/{id}/files/{file_id}", func(c *fiber.Ctx) error {
		visit, id, err := visitFile(c)
		if err != nil {
			return err
		}
		at, err := strconv.ParseInt(c.Get(headerUploadOffset), 10, 64)
		if err != nil {
			return web.Malformed("#/header/"+headerUploadOffset, "must be a number of bytes")
		}
		call, err := callOf(c, fiber.StatusNoContent)
		if err != nil {
			return err
		}
		received, err := svc.Proof.AppendFile(c.UserContext(), call, visit, id, at, c.Request().Body())
		c.Set(headerTus, "1.0.0")
		if received >= 0 {
			c.Set(headerUploadOffset, strconv.FormatInt(received, 10))
		}
		if err != nil {
			return err
		}
		return c.SendStatus(fiber.StatusNoContent)
	})
	s.Handle("GET", "/v1/visits/{id}/files/{file_id}", func(c *fiber.Ctx) error {
		visit, id, err := visitFile(c)
		if err != nil {
			return err
		}
		f, err := svc.Proof.VisitFile(c.UserContext(), actorOf(c), visit, id)
		if err != nil {
			return err
		}
		c.Set(headerTus, "1.0.0")
		if c.Method() == fiber.MethodHead {
			c.Set(headerUploadOffset, strconv.FormatInt(f.Received, 10))
			c.Set(headerUploadLength, strconv.FormatInt(f.Size, 10))
			return c.SendStatus(fiber.StatusOK)
		}
		// The file is sent after the handler's context has ended.
		file, err := svc.Proof.OpenFile(context.WithoutCancel(c.UserContext()), f)
		if err != nil {
			return err
		}
		digest, err := hex.DecodeString(f.Digest)
		if err != nil {
			_ = file.Close()
			return err
		}
		c.Set(fiber.HeaderContentType, f.MediaType)
		c.Set(fiber.HeaderContentDisposition, `attachment; filename="`+f.FileName()+`"`)
		c.Set("Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(digest)+":")
		return c.SendStream(file, int(f.KeptSize))
	})
}

// visitFile reads both ids of the address.
func visitFile(c *fiber.Ctx) (visit, file domain.ID, err error) {
	if visit, err = web.PathID(c, "id", "visit"); err == nil {
		file, err = web.PathID(c, "file_id", "file")
	}
	return visit, file, err
}
