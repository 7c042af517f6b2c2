// Package notifications carries notices out of the house: pushes to devices
// through Firebase Cloud Messaging, and ready text to a signed webhook where
// a customer has no device. Delivery is at least once; what a provider
// accepts is not yet seen by a person (docs/product.md section 7).
//
//	backoff.go    how long to wait before the next try
//	classify.go   what an error of FCM means
//	coalescer.go  many small calls of the store as few large ones
//	deliver.go    Deliverer: one run over the notices of a job of the queue
//	fcm.go        sending through the Firebase SDK
//	log.go        a sender that only logs, where there are no credentials
//	message.go    what is sent, and what became of it
//	metrics.go    figures of delivery
//	payload.go    a message as Android, iOS and browsers want it
//	queue.go      Queue: the workers, with River
//	rescuer.go    jobs of a replica that died
//	transport.go  one HTTP try, and why there was no answer
//	webhook.go    texts and rings of an SOS to the operator's gateway
//	wake.go       a push that shows nothing, so that an app syncs
//	webpush.go    pushes to browsers (VAPID)
package notifications
