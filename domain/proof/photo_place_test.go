package proof

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"testing"
)

// secret stands where a place would.
const secret = "18.5204N 73.8567E"

func picture() image.Image {
	p := image.NewRGBA(image.Rect(0, 0, 40, 30))
	for x := range 40 {
		p.Set(x, x%30, color.RGBA{uint8(6 * x), 200, 90, 255})
	}
	return p
}

func segment(marker byte, data string) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(data)+2)), data...)
}

// exifOf turns a photo by 90 degrees in the byte order of the camera, and says more than that.
func exifOf(order binary.AppendByteOrder, mark string) string {
	b := append([]byte("Exif\x00\x00"), mark...)
	b = order.AppendUint32(order.AppendUint16(b, 42), 8)
	entry := func(tag, kind uint16, value ...uint16) {
		b = order.AppendUint32(order.AppendUint16(order.AppendUint16(b, tag), kind), 1)
		b = order.AppendUint16(order.AppendUint16(b, value[0]), value[1])
	}
	b = order.AppendUint16(b, 2)
	entry(0x0110, 3, 1, 0)
	entry(0x0112, 3, 6, 0)
	return string(append(b, secret...))
}

func photo(t *testing.T, exif string) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture(), nil); err != nil {
		t.Fatal(err)
	}
	out := append([]byte("\xff\xd8"), segment(0xe1, exif)...)
	out = append(out, segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00"+secret)...)
	out = append(out, segment(0xed, "Photoshop 3.0\x00"+secret)...)
	out = append(out, segment(0xfe, secret)...)
	return append(append(out, b.Bytes()[2:]...), secret...)
}

// TestNoPlaceIsLeft: the picture is as it was and turned as it was, and nothing of the place is in it.
func TestNoPlaceIsLeft(t *testing.T) {
	for mark, order := range map[string]binary.AppendByteOrder{"II": binary.LittleEndian, "MM": binary.BigEndian} {
		got := withoutPlace("image/jpeg", photo(t, exifOf(order, mark)))
		p, err := jpeg.Decode(bytes.NewReader(got))
		if err != nil || p.Bounds().Dx() != 40 || bytes.Contains(got, []byte(secret)) {
			t.Fatalf("%s: %d bytes, %v", mark, len(got), err)
		}
		if at := bytes.Index(got, []byte("Exif")); at < 0 || orientation(got[at:]) != 6 {
			t.Errorf("%s: it is turned another way", mark)
		}
		if again := withoutPlace("image/jpeg", bytes.Clone(got)); !bytes.Equal(again, got) {
			t.Errorf("%s: what is bare is changed", mark)
		}
	}

	var b bytes.Buffer
	if err := png.Encode(&b, picture()); err != nil {
		t.Fatal(err)
	}
	raw := b.Bytes()
	place := append(binary.BigEndian.AppendUint32(nil, uint32(len(secret))), "eXIf"+secret+"\x00\x00\x00\x00"...)
	got := withoutPlace("image/png", append(append(append(bytes.Clone(raw[:33]), place...), raw[33:]...), secret...))
	if !bytes.Equal(got, raw) {
		t.Errorf("a PNG is %d bytes, want %d", len(got), len(raw))
	}

	chunk := func(kind, data string) string {
		return kind + string(binary.LittleEndian.AppendUint32(nil, uint32(len(data)))) + data + string(make([]byte, len(data)%2))
	}
	body := chunk("VP8X", "\x2c\x00\x00\x00\x27\x00\x00\x1d\x00\x00") + chunk("VP8 ", "odd") + chunk("EXIF", secret) + chunk("XMP ", secret)
	webp := "RIFF" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(body)+4))) + "WEBP" + body
	bare := chunk("VP8X", "\x20\x00\x00\x00\x27\x00\x00\x1d\x00\x00") + chunk("VP8 ", "odd")
	if got := withoutPlace("image/webp", []byte(webp+secret)); string(got) !=
		"RIFF"+string(binary.LittleEndian.AppendUint32(nil, uint32(len(bare)+4)))+"WEBP"+bare {
		t.Errorf("a WebP is %q", got)
	}

	box := func(kind, data string) string {
		return string(binary.BigEndian.AppendUint32(nil, uint32(len(data)+8))) + kind + data
	}
	m4a := box("ftyp", "M4A ") + box("moov", box("mvhd", "x")+box("trak", box("udta", secret))+box("udta", "\xa9xyz"+secret)) +
		box("mdat", "sound")
	if got := withoutPlace("audio/mp4", []byte(m4a)); len(got) != len(m4a) || bytes.Contains(got, []byte(secret)) ||
		!bytes.HasSuffix(got, []byte("mdatsound")) {
		t.Errorf("an M4A is %q", got)
	}
}

// TestHalfAFileIsNone: cut anywhere, a file is refused or as short as it says, and nothing panics.
func TestHalfAFileIsNone(t *testing.T) {
	whole := photo(t, exifOf(binary.BigEndian, "MM"))
	end := len(whole) - len(secret)
	for n := 2; n < end; n++ {
		if withoutPlace("image/jpeg", bytes.Clone(whole[:n])) != nil {
			t.Fatalf("%d of %d bytes are a JPEG", n, end)
		}
	}
	for kind, b := range map[string]string{"image/png": "\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR",
		"image/webp": "RIFF\xff\x00\x00\x00WEBPVP8 \xff\x00\x00\x00",
		"audio/mp4":  "\x00\x00\x00\x20ftypM4A "} {
		if got := withoutPlace(kind, []byte(b)); got != nil {
			t.Errorf("%s: %q", kind, got)
		}
	}
}
