package domain

import (
	"time"
)

// DeviceHealth is what a phone says of itself (docs/product.md section 7, "Device
// health").
type DeviceHealth struct {
	Battery       *int       `json:"battery"` // percent
	Charging      bool       `json:"charging"`
	Notifications string     `json:"notifications"` // allowed, blocked
	Alarms        string     `json:"alarms"`        // allowed, blocked: the channel that rings through silence
	Background    string     `json:"background"`    // free, restricted
	Sound         string     `json:"sound"`         // normal, vibrate, silent
	QueueLength   int        `json:"queue_length"`  // requests that wait to be sent
	QueueOldest   *time.Time `json:"queue_oldest"`
	AppVersion    string     `json:"app_version"`
}

const (
	// PhoneSilentAfter is how long a phone that tells of its health may say nothing.
	PhoneSilentAfter = 24 * time.Hour
	// PhoneAskedBefore is how long before a visit it is asked whether its crew can be rung.
	PhoneAskedBefore = time.Hour

	batteryLow = 15
	queueOld   = 2 * time.Hour
)

// DeviceFault is one reason why a phone rings late or not, and how to mend it.
type DeviceFault struct {
	Code  string `json:"code"`
	Rings bool   `json:"rings"` // it rings all the same, perhaps late
	Words string `json:"words"`
	Mend  string `json:"mend"`
}

// deviceFaults in the order of how bad they are.
var deviceFaults = []struct {
	code  string
	rings bool
	found func(d *Device, h *DeviceHealth, now time.Time) bool
}{
	{"no_notifications", false, func(_ *Device, h *DeviceHealth, _ time.Time) bool { return h.Notifications == "blocked" }},
	{"no_alarms", false, func(_ *Device, h *DeviceHealth, _ time.Time) bool { return h.Alarms == "blocked" }},
	{"out_of_touch", false, func(d *Device, _ *DeviceHealth, now time.Time) bool {
		return now.Sub(d.LastContact()) > PhoneSilentAfter
	}},
	{"battery_low", true, func(_ *Device, h *DeviceHealth, _ time.Time) bool {
		return h.Battery != nil && *h.Battery < batteryLow &&
			!h.Charging
	}},
	{"restricted", true, func(_ *Device, h *DeviceHealth, _ time.Time) bool { return h.Background == "restricted" }},
	{"queue_waits", true, func(_ *Device, h *DeviceHealth, now time.Time) bool {
		return h.QueueLength > 0 && h.QueueOldest != nil && now.Sub(*h.QueueOldest) > queueOld
	}},
}

// LastContact is when a device was last heard of.
func (d *Device) LastContact() time.Time {
	if d.HealthAt != nil && d.HealthAt.After(d.UpdatedAt) {
		return *d.HealthAt
	}
	return d.UpdatedAt
}

// Faults lists why a device rings late or not, in its user's language. One that never
// told of its health has none: it is not known.
func (d *Device) Faults(language string, now time.Time) JSONList[DeviceFault] {
	out := JSONList[DeviceFault]{}
	if d.Health.V == nil {
		return out
	}
	for _, f := range deviceFaults {
		if f.found(d, d.Health.V, now) {
			w := speak(language).Faults[f.code]
			out = append(out, DeviceFault{f.code, f.rings, w[0], w[1]})
		}
	}
	return out
}

// Rings reports whether a device can be expected to ring.
func (d *Device) Rings(now time.Time) bool {
	for _, f := range d.Faults("en", now) {
		if !f.Rings {
			return false
		}
	}
	return true
}

// DeviceView is a device as its owner reads it.
type DeviceView struct {
	Device
	Rings  bool                  `json:"rings"`
	Faults JSONList[DeviceFault] `json:"faults"`
}

// View shows a device to its owner.
func (d Device) View(language string, now time.Time) DeviceView {
	return DeviceView{d, d.Rings(now), d.Faults(language, now)}
}

// MyDevice is a device in the list of its owner's.
type MyDevice struct {
	DeviceView
	Current     bool                    `json:"current"` // the caller's session is on it
	LastContact time.Time               `json:"last_contact"`
	SyncedAt    *time.Time              `json:"synced_at"`
	LostAt      *time.Time              `json:"lost_at"` // sealed, until its queue has come and it was wiped
	Credential  bool                    `json:"credential"`
	Sessions    JSONList[DeviceSession] `json:"sessions"`
}

// DeviceSession is a session on a device.
type DeviceSession struct {
	SignedInAt  time.Time `json:"signed_in_at"`
	RefreshedAt time.Time `json:"refreshed_at"`
	EndsAt      time.Time `json:"ends_at"`
}

// Phone is what a desk reads of somebody's devices: whether they can be rung.
type Phone struct {
	UserID      ID               `json:"user_id"`
	Name        string           `json:"name"`
	Role        Role             `json:"role"`
	Rings       bool             `json:"rings"`  // one of their devices does
	Known       bool             `json:"known"`  // one of them tells of its health
	Faults      JSONList[string] `json:"faults"` // of the best of them; no_device where there is none
	Battery     *int             `json:"battery"`
	QueueLength int              `json:"queue_length"`
	LastContact *time.Time       `json:"last_contact"`
	AppVersion  string           `json:"app_version"`
	TestedAt    *time.Time       `json:"tested_at"` // when they last heard a drill
	Untested    bool             `json:"untested"`  // not within 30 days
	// Devices are those that can be reported lost.
	Devices JSONList[PhoneDevice] `json:"devices"`
}

// PhoneDevice is one of somebody's devices, as their desk reads it.
type PhoneDevice struct {
	InstallationID ID        `json:"installation_id"`
	Platform       string    `json:"platform"`
	LastContact    time.Time `json:"last_contact"`
}

// PhoneOf sums up somebody's devices: the best of them counts, of those that tell of
// their health before those that do not.
func PhoneOf(u *User, devices []Device, now time.Time) Phone {
	p := Phone{UserID: u.ID, Name: u.Name, Role: u.Role, Faults: JSONList[string]{}, Devices: JSONList[PhoneDevice]{}}
	var best *Device
	for i := range devices {
		d := &devices[i]
		if d.UserID != nil && d.LostAt == nil {
			p.Devices = append(p.Devices, PhoneDevice{d.InstallationID, d.Platform, d.LastContact()})
		}
		if d.DroppedAt != nil {
			continue
		}
		if at := d.LastContact(); p.LastContact == nil || at.After(*p.LastContact) {
			p.LastContact = &at
		}
		better := best == nil
		if !better {
			switch rings, known := d.Rings(now), d.Health.V != nil; {
			case rings != best.Rings(now):
				better = rings
			case known != (best.Health.V != nil):
				better = known
			default:
				better = d.LastContact().After(best.LastContact())
			}
		}
		if better {
			best = d
		}
	}
	if best == nil {
		p.Faults = JSONList[string]{"no_device"}
		return p
	}
	p.Rings = best.Rings(now)
	for _, f := range best.Faults("en", now) {
		p.Faults = append(p.Faults, f.Code)
	}
	if h := best.Health.V; h != nil {
		p.Known, p.Battery, p.QueueLength, p.AppVersion = true, h.Battery, h.QueueLength, h.AppVersion
	}
	return p
}
