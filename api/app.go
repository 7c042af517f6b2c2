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
	Links    AppLinks
	// FromProvider reports whether a request is signed by the provider of the alarm
	// webhook; nil: there is none.
	FromProvider func(body []byte, id, timestamp, signature string) bool

	clientIP   func(c *fiber.Ctx) netip.Addr
	mu         sync.Mutex
	principals map[domain.ID]principal
	sessions   map[domain.ID]sessionDevices
}

// Browsers is what the pages need to know of pushes to browsers.
type Browsers interface {
	PublicKey() string
	Takes(token string) bool
}

// NewApp makes the resources; Mount adds them to a server.
func NewApp(s *usecases.All, tokens *web.Tokens) *App {
	return &App{Service: s, Tokens: tokens, principals: map[domain.ID]principal{}, sessions: map[domain.ID]sessionDevices{}}
}

// Mount adds every resource to the server; demo is nil outside the demo.
func (a *App) Mount(s *web.Server, demo *Demo) {
	a.clientIP = s.ClientIP
	mountAuth(a, s)
	mountSession(a, s)
	mountAreas(a, s)
	mountCentres(a, s)
	mountPolicies(a, s)
	mountUsers(a, s)
	mountTechnicians(a, s)
	mountLeave(a, s)
	mountCustomers(a, s)
	mountJobs(a, s)
	mountJobHistory(a, s)
	mountVisits(a, s)
	mountSlots(a, s)
	mountAttempts(a, s)
	mountDisputes(a, s)
	mountLinkRequests(a, s)
	mountHouseholdQuestions(a, s)
	mountPromises(a, s)
	mountSecurityLog(a, s)
	mountReports(a, s)
	mountSOS(a, s)
	mountTimers(a, s)
	mountStop(a, s)
	mountFlags(a, s)
	mountEvidence(a, s)
	mountVisitFiles(a, s)
	mountKeepAways(a, s)
	mountExclusions(a, s)
	mountQueue(a, s)
	mountPacks(a, s)
	mountAdvisories(a, s)
	mountAftercare(a, s)
	mountPayable(a, s)
	mountCompliments(a, s)
	mountInbox(a, s)
	mountDevices(a, s)
	mountImports(a, s)
	mountPlans(a, s)
	mountMaintenance(a, s)
	mountSync(a, s)
	mountSyncDown(a, s)
	mountEvents(a, s)
	mountBoard(a, s)
	mountTechnicianApp(a, s)
	mountDesk(a, s, demo)
	mountCustomerPage(a, s)
	mountAppLinks(s, a.Links)
	if demo != nil {
		mountDemo(a, s, demo)
	}
}
