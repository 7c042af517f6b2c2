package proof

import (
	"bytes"
	"encoding/binary"
)

// withoutPlace drops from a file what may say where it was taken: all of a photo's metadata but how it is turned and its colours, and
// what follows its end; of an M4A its user data. It works in place, and nil says that this is no whole file of that type. Written
// here, because no maintained library both reads and writes these four containers without drawing the picture anew.
func withoutPlace(mediaType string, b []byte) []byte {
	switch mediaType {
	case "image/jpeg":
		return barerJPEG(b)
	case "image/png":
		return barerPNG(b)
	case "image/webp":
		return barerWebP(b)
	case "audio/mp4":
		if !barerMP4(b, 0) {
			return nil
		}
	}
	return b
}

// barerJPEG keeps what a decoder needs: JFIF, Adobe's transform, ICC profiles and the turn.
func barerJPEG(b []byte) []byte {
	out, i := b[:2], 2
	for i+4 <= len(b) && b[i] == 0xff {
		m := b[i+1]
		switch {
		case m == 0xff: // fill
			i++
			continue
		case m == 0xd8, m <= 0x01, m >= 0xd0 && m <= 0xd7:
			return nil
		case m == 0xd9:
			return append(out, 0xff, 0xd9)
		}
		end := i + 2 + int(binary.BigEndian.Uint16(b[i+2:]))
		if end < i+4 || end > len(b) {
			return nil
		}
		data := b[i+4 : end]
		switch {
		case m == 0xe1:
			if turn := orientation(data); turn > 1 {
				out = append(out, "\xff\xe1\x00\x22Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00"...)
				out = append(out, turn, 0, 0, 0, 0, 0, 0)
			}
		case m == 0xe2 && bytes.HasPrefix(data, []byte("ICC_PROFILE\x00")), m == 0xe0, m == 0xee, m < 0xe0, m > 0xef && m != 0xfe:
			out = append(out, b[i:end]...)
		}
		i = end
		if m != 0xda {
			continue
		}
		for i+1 < len(b) && (b[i] != 0xff || b[i+1] == 0 || b[i+1] >= 0xd0 && b[i+1] <= 0xd7) { // the picture
			i++
		}
		out = append(out, b[end:i]...)
		if i+2 == len(b) && b[i+1] == 0xd9 {
			return append(out, 0xff, 0xd9)
		}
	}
	return nil
}

// orientation reads how a photo is turned from its Exif (CIPA DC-008, tag 0x0112); 0: it does not say.
func orientation(exif []byte) byte {
	t, ok := bytes.CutPrefix(exif, []byte("Exif\x00\x00"))
	if !ok || len(t) < 8 {
		return 0
	}
	var order binary.ByteOrder = binary.BigEndian
	if t[0] == 'I' {
		order = binary.LittleEndian
	}
	at := uint64(order.Uint32(t[4:]))
	if at+2 > uint64(len(t)) {
		return 0
	}
	for n := uint64(order.Uint16(t[at:])); n > 0 && at+14 <= uint64(len(t)); n, at = n-1, at+12 {
		if entry := t[at+2:]; order.Uint16(entry) == 0x0112 {
			if turn := order.Uint16(entry[8:]); turn >= 1 && turn <= 8 {
				return byte(turn)
			}
		}
	}
	return 0
}

// barerPNG keeps the chunks that are drawn.
func barerPNG(b []byte) []byte {
	drawn := map[string]bool{"tRNS": true, "gAMA": true, "cHRM": true, "sRGB": true, "iCCP": true, "pHYs": true, "sBIT": true}
	out := b[:8]
	for i := 8; i+12 <= len(b); {
		end := uint64(i) + 12 + uint64(binary.BigEndian.Uint32(b[i:]))
		if end > uint64(len(b)) {
			return nil
		}
		kind := string(b[i+4 : i+8])
		if kind[0]&0x20 == 0 || drawn[kind] {
			out = append(out, b[i:end]...)
		}
		if kind == "IEND" {
			return out
		}
		i = int(end)
	}
	return nil
}

// barerWebP drops EXIF and XMP, and that there were any.
func barerWebP(b []byte) []byte {
	if len(b) < 20 {
		return nil
	}
	out, whole := b[:12], min(uint64(binary.LittleEndian.Uint32(b[4:]))+8, uint64(len(b)))
	for i := uint64(12); i < whole; {
		if i+8 > whole {
			return nil
		}
		size := uint64(binary.LittleEndian.Uint32(b[i+4:]))
		end := i + 8 + size + size%2
		if end > whole {
			return nil
		}
		switch kind := string(b[i : i+4]); kind {
		case "VP8X":
			if size < 10 {
				return nil
			}
			b[i+8] &^= 0x0c
			fallthrough
		case "VP8 ", "VP8L", "ALPH", "ANIM", "ANMF", "ICCP":
			out = append(out, b[i:end]...)
		}
		i = end
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out
}

// barerMP4 makes free space of boxes with user data, so that no offset changes (ISO/IEC 14496-12).
func barerMP4(b []byte, depth int) bool {
	for len(b) > 0 {
		if len(b) < 8 {
			return false
		}
		size, head := uint64(binary.BigEndian.Uint32(b)), 8
		switch size {
		case 0:
			size = uint64(len(b))
		case 1:
			if len(b) < 16 {
				return false
			}
			size, head = binary.BigEndian.Uint64(b[8:]), 16
		}
		if size < uint64(head) || size > uint64(len(b)) {
			return false
		}
		switch string(b[4:8]) {
		case "udta", "meta", "uuid":
			copy(b[4:8], "free")
			clear(b[head:size])
		case "moov", "trak":
			if depth > 4 || !barerMP4(b[head:size], depth+1) {
				return false
			}
		}
		b = b[size:]
	}
	return true
}
