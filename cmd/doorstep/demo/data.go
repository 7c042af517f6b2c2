package demo

// Who and where the demo is about. Places and postal codes are real; people,
// customers and numbers are invented.

type place struct {
	street, code string
	lat, lon     float64
}

type centreData struct {
	area, name, short, zone, country, phone string
	codes                                   []string
	proprietor                              string
	coordinators                            [2]string
	technicians                             [6]string
	places                                  []place
	first, last                             []string // names of customers
	hindi, marathi                          int      // of ten customers read it
}

var areaNames = []string{"Pune & Mumbai", "Greater London"}

// managerNames are two for each area; the second is the first one's deputy.
var managerNames = [][2]string{{"Meera Deshpande", "Farhan Qureshi"}, {"Eleanor Hughes", "Kwame Boateng"}}

var (
	agentNames = []string{"Lakshmi Iyer", "Tom Fletcher"}
	adminNames = []string{"Rohini Sathe", "Grace Palmer"}
)

var (
	puneFirst = []string{"Aarti", "Abhijit", "Anagha", "Dilip", "Gauri", "Hemant", "Ketaki", "Mangesh", "Nandini", "Prakash", "Rekha",
		"Sanjay", "Shabana", "Sunil", "Usha", "Vaishali", "Vinayak", "Zubair"}
	puneLast = []string{"Bhosale", "Chitale", "Dixit", "Gokhale", "Jadhav", "Kale", "Limaye", "Mulla", "Natu", "Oak", "Pawar", "Ranade",
		"Shinde", "Tambe", "Wagh"}
	mumbaiFirst = []string{"Alka", "Anil", "Bhavna", "Deepak", "Firoz", "Hetal", "Jayesh", "Kavita", "Lata", "Manoj", "Nisha", "Percy",
		"Rajesh", "Rukhsana", "Savio", "Tanvi", "Vikram", "Yasmin"}
	mumbaiLast = []string{"Acharya", "Bhatt", "Contractor", "D'Souza", "Fernandes", "Gandhi", "Hegde", "Khan", "Mehta", "Nair", "Parekh",
		"Rao", "Sawant", "Shah", "Thakkar"}
	londonFirst = []string{"Adeola", "Alice", "Aisha", "Ben", "Chloe", "Daniel", "Esther", "Fatima", "George", "Hannah", "Imran", "Jack",
		"Marta", "Nadia", "Oliver", "Piotr", "Ruth", "Samir", "Yetunde", "Zoe"}
	londonLast = []string{"Ahmed", "Baker", "Campbell", "Davies", "Evans", "Foster", "Green", "Hussain", "Jones", "Kowalska", "Lewis",
		"Morgan", "Novak", "Okafor", "Price", "Silva", "Taylor", "Walker"}
)

var sampleCentres = []centreData{
	{
		area: "Pune & Mumbai", name: "Kothrud Appliance Care", short: "kothrud", zone: "Asia/Kolkata", country: "IN", phone: "+912025550140",
		codes: []string{"411038", "411004", "411029", "411052", "411058"}, proprietor: "Asha Kulkarni",
		coordinators: [2]string{"Sneha Joshi", "Nilesh More"},
		technicians:  [6]string{"Ravi Patil", "Imran Shaikh", "Sagar Gaikwad", "Pooja Salunkhe", "Ganesh Kamble", "Joseph Pinto"},
		places: []place{{"Paud Road", "411038", 18.5074, 73.8077}, {"Mayur Colony", "411038", 18.5043, 73.8166},
			{"Dahanukar Colony", "411038", 18.4976, 73.8143},
			{"Bhusari Colony", "411038", 18.5083, 73.7919}, {"Karve Road", "411004", 18.5073, 73.8318}, {"Prabhat Road", "411004", 18.5150, 73.8310},
			{"Erandwane", "411004", 18.5108, 73.8346}, {"Warje", "411058", 18.4831, 73.8067}, {"Karve Nagar", "411052", 18.4893, 73.8198},
			{"Bavdhan", "411029", 18.5121, 73.7811}},
		first: puneFirst, last: puneLast, hindi: 2, marathi: 4,
	},
	{
		area: "Pune & Mumbai", name: "Andheri Home Service", short: "andheri", zone: "Asia/Kolkata", country: "IN", phone: "+912225550160",
		codes: []string{"400053", "400058", "400061", "400047", "400049"}, proprietor: "Cyrus Daruwala",
		coordinators: [2]string{"Priya Menon", "Altaf Ansari"},
		technicians:  [6]string{"Suresh Yadav", "Kiran Gawde", "Mohammed Faiz", "Anita Rodrigues", "Santosh Chavan", "Harpreet Singh"},
		places: []place{{"Veera Desai Road", "400053", 19.1340, 72.8370}, {"Lokhandwala Complex", "400053", 19.1437, 72.8242},
			{"Oshiwara", "400053", 19.1480, 72.8340},
			{"J P Road", "400058", 19.1267, 72.8335}, {"S V Road, Andheri West", "400058", 19.1197, 72.8464},
			{"Seven Bungalows", "400061", 19.1290, 72.8180},
			{"Yari Road, Versova", "400061", 19.1352, 72.8130}, {"Juhu Tara Road", "400049", 19.1000, 72.8265},
			{"Gulmohar Road, JVPD", "400049", 19.1085, 72.8300}, {"N S Road, Juhu", "400047", 19.1075, 72.8270}},
		first: mumbaiFirst, last: mumbaiLast, hindi: 4, marathi: 3,
	},
	{
		area: "Greater London", name: "Southwark Repairs", short: "southwark", zone: "Europe/London", country: "GB", phone: "+442079460140",
		codes: []string{"SE1", "SE1 1JA", "SE1 4YB", "SE1 3XF", "SE1 2TF", "SE1 8LF"}, proprietor: "Denise Clarke",
		coordinators: [2]string{"Callum Reid", "Amara Nwosu"},
		technicians:  [6]string{"Lewis Grant", "Tomasz Zielinski", "Jamal Edwards", "Beth Owens", "Rahul Sharma", "Marcus Bailey"},
		places: []place{{"Borough High Street", "SE1 1JA", 51.5033, -0.0915}, {"Great Dover Street", "SE1 4YB", 51.4985, -0.0890},
			{"Long Lane", "SE1 4YB", 51.4994, -0.0870},
			{"Bermondsey Street", "SE1 3XF", 51.5010, -0.0818}, {"Tooley Street", "SE1 2TF", 51.5041, -0.0800},
			{"Tower Bridge Road", "SE1 3XF", 51.4975, -0.0795},
			{"The Cut", "SE1 8LF", 51.5036, -0.1080}, {"Lower Marsh", "SE1 8LF", 51.5010, -0.1140},
			{"Blackfriars Road", "SE1 8LF", 51.5030, -0.1045}},
		first: londonFirst, last: londonLast,
	},
	{
		area: "Greater London", name: "Camden Fix-It", short: "camden", zone: "Europe/London", country: "GB", phone: "+442079460160",
		codes: []string{"NW1", "NW1 7JN", "NW1 8AH", "NW1 0NE", "NW5 2HP", "NW1 4SA"}, proprietor: "Patrick O'Connell",
		coordinators: [2]string{"Jess Turner", "Bilal Hassan"},
		technicians:  [6]string{"Sean Murphy", "Ewa Nowak", "Delroy Francis", "Katie Wright", "Anil Gurung", "Oscar Lind"},
		places: []place{{"Parkway", "NW1 7JN", 51.5379, -0.1455}, {"Delancey Street", "NW1 7JN", 51.5363, -0.1440},
			{"Pratt Street", "NW1 0NE", 51.5375, -0.1395},
			{"Royal College Street", "NW1 0NE", 51.5400, -0.1370}, {"Regent's Park Road", "NW1 8AH", 51.5405, -0.1540},
			{"Chalk Farm Road", "NW1 8AH", 51.5428, -0.1500},
			{"Kentish Town Road", "NW5 2HP", 51.5460, -0.1415}, {"Leighton Road", "NW5 2HP", 51.5515, -0.1345},
			{"Albany Street", "NW1 4SA", 51.5315, -0.1450}},
		first: londonFirst, last: londonLast,
	},
}

// faultData is one thing that breaks: the customer's words and what the
// technician makes of them.
type faultData struct {
	category, brand, model     string
	words, tried, result       string
	findings, work, part, test string
}

var sampleFaults = []faultData{
	{"refrigerator", "Nordhem", "NF-340", "It hums but the milk is warm since last night.", "Set the dial to the coldest",
		"still warm after six hours", "Start relay of the compressor burnt", "Relay replaced, condenser cleaned", "start relay PTC-3",
		"4 °C after 40 minutes"},
	{"refrigerator", "Nordhem", "NF-420", "Water stands under the vegetable drawer every morning.", "Emptied and dried it",
		"back the next day", "Drain of the evaporator frozen shut", "Drain thawed and heater fitted", "drain heater",
		"No water after a defrost cycle"},
	{"refrigerator", "Kelvar", "DuoCool 2", "Loud clicking every few minutes and then nothing.", "Unplugged it for ten minutes",
		"clicking came back", "Compressor draws too much current", "Overload protector replaced", "overload protector", "Runs quietly at 1.1 A"},
	{"washing_machine", "Aquila", "W7 Front", "It stops in the middle with the water inside, E18 on the display.", "Cleaned the filter",
		"E18 again", "Drain pump blocked by a coin, impeller cracked", "Pump replaced", "drain pump 30 W", "Two full cycles without error"},
	{"washing_machine", "Aquila", "W5 Top", "It walks across the floor when it spins.", "Spread the laundry evenly", "no better",
		"Two of four dampers torn", "All four dampers replaced, feet levelled", "damper set", "Spin at 1200 without movement"},
	{"washing_machine", "Brava", "EcoWash 8", "The door will not open although the programme is over.", "Waited, switched it off and on",
		"still locked", "Door lock stuck", "Lock replaced", "door interlock", "Opens and locks ten times"},
	{"air_conditioner", "Himal", "Split 1.5", "Blows air but does not cool, and ice on the pipe.", "Cleaned the filter", "ice came back",
		"Gas low, flare nut leaking", "Flare remade, vacuum, recharged", "R32 400 g", "12 °C difference at the outlet"},
	{"air_conditioner", "Himal", "Split 1.0", "Water drips from the indoor unit on to the bed.", "Put a bucket under it",
		"half full in a night", "Drain hose sagging and blocked", "Hose rerouted and flushed", "drain hose 2 m",
		"5 litres drained without a drop"},
	{"water_purifier", "Jalika", "RO-9", "The water tastes of metal and comes very slowly.", "Flushed it as the manual says", "no change",
		"Membrane spent, TDS 310", "Membrane and carbon filter replaced", "RO membrane 80", "TDS 38"},
	{"water_purifier", "Jalika", "UV-4", "The red light blinks and it beeps all the time.", "Pressed reset", "beeps again after an hour",
		"UV lamp at the end of its life", "Lamp and sleeve replaced", "UV lamp 11 W", "Green light, no alarm"},
	{"microwave", "Brava", "Wave 25", "The plate turns and the light is on, but the food stays cold.", "Tried another socket", "the same",
		"High-voltage diode short-circuited", "Diode and fuse replaced", "HV diode", "A cup of water boils in 2 minutes"},
	{"oven", "Kelvar", "ProBake 60", "It trips the fuse as soon as it gets hot.", "Switched off everything else", "trips all the same",
		"Lower element has contact to earth", "Element replaced", "element 1.3 kW", "30 minutes at 220 °C"},
	{"oven", "Kelvar", "ProBake 45", "It burns everything on the left and the right stays raw.", "Turned the tray halfway",
		"a nuisance every time", "Fan motor seized", "Fan motor replaced", "fan motor", "Even browning on the test sheet"},
	{"dishwasher", "Aquila", "D6", "The glasses come out white and there is water at the bottom.", "Salt and rinse aid filled", "no better",
		"Circulation pump weak, heater furred up", "Descaled, pump seal replaced", "pump seal kit", "62 °C in the main wash"},
	{"dishwasher", "Aquila", "D4", "It fills and fills and does not stop; I turned the tap off.", "Turned the tap off", "stops then",
		"Float switch stuck with grease", "Switch cleaned and set", "", "Stops at the mark three times"},
}

// sampleMatters is what matters to a customer; most say nothing.
var sampleMatters = []string{"Insulin in the fridge.", "A wedding in the house on Saturday.",
	"Baby sleeps from 13:00 to 15:00, please knock and do not ring.",
	"My mother opens; she hears badly, please wait a little.", "Works night shifts, not before noon.",
	"Dog in the yard, I will tie it up when you call.",
	"The lift takes two people; third floor.", "Guests from Friday, it must work by then.", "Breast milk in the freezer."}

var sampleLandmarks = []string{"opposite the pharmacy", "behind the school", "above the bakery", "next to the bus stop",
	"second gate on the left", "blue door", "beside the temple", "near the library", ""}

var sampleRelations = []string{"spouse", "son", "daughter", "neighbour", "mother"}
