package repo_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"doorstep/domain"
	"doorstep/repo"
	"doorstep/repo/repotest"
)

func TestBig(t *testing.T) {
	url := os.Getenv("BIG")
	if url == "" {
		t.Skip()
	}
	ctx := context.Background()
	db, err := repo.Open(ctx, repo.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := db.Pool().QueryRow(ctx, "select count(*) from areas").Scan(&n); err != nil {
		t.Fatal(err)
	}
	if n == 0 {
		repotest.NewWorld(t, db)
		for _, s := range []string{
			`create table seed as select (select id from areas where name='North') a, (select id from customers limit 1) c, (select id from jobs limit 1) j, (select id from visits limit 1) v`,
			`insert into centres select gen_random_uuid(),1,now(),now(),(select a from seed),'c'||g,'UTC','IN','[]','[]','[]','','{}' from generate_series(1,50) g`,
			`create table cs as select id, row_number() over () - 1 n from centres where name like 'c%'`,
			`insert into users select gen_random_uuid(),1,now(),now(),'u'||g,'u','technician',(select id from cs where n=g%50),(select a from seed),null,'','en',false,'[]','[]',null,null,'',0 from generate_series(1,2000) g`,
			`create table us as select id, centre_id, row_number() over () - 1 n from users where login like 'u%'`,
			`create table cu as select gen_random_uuid() id, gen_random_uuid() ct, gen_random_uuid() st, g n from generate_series(1,200000) g`,
			`insert into customers select id,1,now()-n*interval '1 minute',now(),'name'||n,'name'||n,'en',null from cu`,
			`insert into contacts select ct,id,'x','', jsonb_build_array('+91'||n),'','en',false,0,'[]' from cu`,
			`insert into contact_phones select ct,'+91'||n,id from cu`,
			`insert into sites select st,id,'','','','','UTC',null,null,'',0 from cu`,
			`create table js as select gen_random_uuid() id, cu.id c, cu.st s, cu.ct t, cs.id ce, g n from generate_series(1,300000) g join cu on cu.n=g%200000+1 join cs on cs.n=g%50`,
			`insert into jobs select id,1,now(),now(),null,c,s,t,null,ce,(select a from seed),case when n%20=0 then 'open' else 'closed' end,'washer','SN'||n,'f','[]','','normal',false,'warranty',null,now()-n*interval '1 minute',null,null,case when n%20=0 then null else now() end,'','',null,3,null from js`,
			`insert into job_centres select id,ce from js`,
			`create table vs as select gen_random_uuid() id, js.id j, js.c, js.ce, us.id u, g n from generate_series(1,400000) g join js on js.n=g%300000+1 join us on us.n=g%2000`,
			`insert into visits select id,1,now(),now(),j,ce,(select a from seed),c,'completed','confirmed','',now()+n*interval '2 minute',now()+n*interval '2 minute'+interval '1 hour',now()+n*interval '2 minute',60,jsonb_build_array(u),jsonb_build_array(u),'[]',null,null,null,null,null,now(),'[]',null,'','nobody','','','[]','',0 from vs`,
			`insert into assignments select id,u,j,now()+n*interval '2 minute',now()+n*interval '2 minute',now()+n*interval '2 minute'+interval '1 hour',false,true from vs`,
			`insert into facts select id,g,gen_random_uuid(),'k',null,'system',null,now(),null,now(),'{}',null,'x',null,'x' from js, generate_series(1,2) g`,
			`insert into notices select gen_random_uuid(),'k',u,null,null,null,'','','{}',false,'',null,'en',false,now(),now(),'done',now()+n*interval '1 second',null from vs`,
			`analyze`,
		} {
			if _, err := db.Pool().Exec(ctx, s); err != nil {
				t.Fatal(s, err)
			}
		}
	}
	var centre, area, tech, job, cust domain.ID
	if err := db.Pool().QueryRow(ctx, "select u.centre_id, c.area_id, u.id, (select job_id from assignments where technician_id=u.id limit 1) from users u join centres c on c.id=u.centre_id where login='u77'").Scan(&centre, &area, &tech, &job); err != nil {
		t.Fatal(err)
	}
	db.Pool().QueryRow(ctx, "select customer_id from jobs where id=$1", job).Scan(&cust)
	r := db.Reader()
	p := domain.Page{Limit: 50}
	scopes := []struct {
		n string
		s domain.Scope
	}{{"all", domain.Scope{All: true}}, {"area", domain.Scope{AreaIDs: []domain.ID{area}}}, {"centre", domain.Scope{CentreID: centre}}, {"tech", domain.Scope{CentreID: centre, TechnicianID: tech}}}
	now := time.Now()
	tomorrow := now.Add(240 * time.Hour)
	late := domain.Page{Limit: 50, AfterAt: &tomorrow, AfterID: &tech}
	past := now.Add(-1000 * time.Hour)
	latePast := domain.Page{Limit: 50, AfterAt: &past, AfterID: &tech}
	for _, sc := range scopes {
		for _, q := range []struct {
			n  string
			fn func() (int, error)
		}{
			{"customers", func() (int, error) { l, e := r.Customers(ctx, sc.s, domain.CustomerFilter{}, p); return len(l), e }},
			{"customers late", func() (int, error) { l, e := r.Customers(ctx, sc.s, domain.CustomerFilter{}, latePast); return len(l), e }},
			{"customers phone", func() (int, error) { l, e := r.Customers(ctx, sc.s, domain.CustomerFilter{Phone: "+9155"}, p); return len(l), e }},
			{"customers query", func() (int, error) { l, e := r.Customers(ctx, sc.s, domain.CustomerFilter{Query: "name19"}, p); return len(l), e }},
			{"customer", func() (int, error) { _, e := r.Customer(ctx, sc.s, cust); return 1, e }},
			{"jobs", func() (int, error) { l, e := r.Jobs(ctx, sc.s, domain.JobFilter{}, p); return len(l), e }},
			{"jobs late", func() (int, error) { l, e := r.Jobs(ctx, sc.s, domain.JobFilter{}, latePast); return len(l), e }},
			{"jobs open", func() (int, error) { l, e := r.Jobs(ctx, sc.s, domain.JobFilter{Status: []domain.JobStatus{"open"}}, p); return len(l), e }},
			{"jobs phone", func() (int, error) { l, e := r.Jobs(ctx, sc.s, domain.JobFilter{Phone: "+9155"}, p); return len(l), e }},
			{"jobs hold", func() (int, error) { l, e := r.Jobs(ctx, sc.s, domain.JobFilter{Hold: "parts"}, p); return len(l), e }},
			{"job", func() (int, error) { _, e := r.Job(ctx, sc.s, job); return 1, e }},
			{"visits", func() (int, error) { l, e := r.Visits(ctx, sc.s, domain.VisitFilter{}, p); return len(l), e }},
			{"visits day", func() (int, error) { to := tomorrow.Add(24 * time.Hour); l, e := r.Visits(ctx, sc.s, domain.VisitFilter{From: &tomorrow, To: &to}, p); return len(l), e }},
			{"visits late", func() (int, error) { l, e := r.Visits(ctx, sc.s, domain.VisitFilter{}, late); return len(l), e }},
			{"visits of tech", func() (int, error) { l, e := r.Visits(ctx, sc.s, domain.VisitFilter{TechnicianID: &tech}, p); return len(l), e }},
			{"timeline", func() (int, error) { l, e := r.Timeline(ctx, sc.s, job, 0, 50); return len(l), e }},
			{"attempts", func() (int, error) { l, e := r.Attempts(ctx, sc.s, job, p); return len(l), e }},
			{"inbox", func() (int, error) { l, e := r.Inbox(ctx, tech, false, p); return len(l), e }},
			{"users", func() (int, error) { l, e := r.Users(ctx, sc.s, domain.UserFilter{}, p); return len(l), e }},
			{"appliances", func() (int, error) { l, e := r.Appliances(ctx, sc.s, nil, "", p); return len(l), e }},
		} {
			best := time.Hour
			var n int
			var err error
			for range 8 { // past the fifth a generic plan may come
				at := time.Now()
				n, err = q.fn()
				best = min(best, time.Since(at))
			}
			at := time.Now()
			q.fn()
			last := time.Since(at)
			mark := ""
			if last > 8*time.Millisecond {
				mark = "   <<<<"
			}
			fmt.Printf("%-7s %-16s %3d rows best %6.2f last %6.2f ms %v%s\n", sc.n, q.n, n, best.Seconds()*1e3, last.Seconds()*1e3, err, mark)
		}
	}
}
