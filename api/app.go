package api

import (
	"net/netip"
	"sync"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/usecases"
)

// App is the resources of the API over the use cases.
type App struct {
	Service *usecases.All
	Tokens  *web.Tokens
	// Browsers judges and names the key of Web Push; nil: no browser is
	// asked.
	Browsers Browsers

	clientIP   func(c *fiber.Ctx) netip.Addr
	mu         sync.Mutex
	principals map[domain.ID]principal
}

// Browsers is what the pages need to know of pushes to browsers.
type Browsers interface {
	PublicKey() string
	Takes(token string) bool
}

// NewApp makes the resources; Mount adds them to a server.
func NewApp(s *usecases.All, tokens *web.Tokens) *App {
	return &App{Service: s, Tokens: tokens, principals: map[domain.ID]principal{}}
}

// Mount adds every resource to the server; demo is nil outside the demo.
func (a *App) Mount(s *web.Server, demo *Demo) {
	a.clientIP = s.ClientIP
	a.mountAuth(s)
	a.mountAreas(s)
	a.mountCentres(s)
	a.mountPolicies(s)
	a.mountUsers(s)
	a.mountTechnicians(s)
	a.mountLeave(s)
	a.mountCustomers(s)
	a.mountJobs(s)
	a.mountJobHistory(s)
	a.mountVisits(s)
	a.mountSlots(s)
	a.mountAttempts(s)
	a.mountDisputes(s)
	a.mountPromises(s)
	a.mountReports(s)
	a.mountSOS(s)
	a.mountTimers(s)
	a.mountStop(s)
	a.mountFlags(s)
	a.mountEvidence(s)
	a.mountKeepAways(s)
	a.mountExclusions(s)
	a.mountQueue(s)
	a.mountPacks(s)
	a.mountAdvisories(s)
	a.mountAftercare(s)
	a.mountPayable(s)
	a.mountCompliments(s)
	a.mountInbox(s)
	a.mountDevices(s)
	a.mountImports(s)
	a.mountPlans(s)
	a.mountMaintenance(s)
	a.mountEvents(s)
	a.mountBoard(s)
	a.mountCustomerPage(s)
	if demo != nil {
		a.mountDemo(s, demo)
	}
}
