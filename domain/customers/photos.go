package customers

import "doorstep/domain"

// handleRemovePhotos takes away what was photographed or recorded in the home, on all visits of the job, and ends what still arrives.
// Who, when and the digests stay until they run out; the bytes go with the next sweep. A signature stays: it is the household's word.
func handleRemovePhotos(k *Request) error {
	files, err := filesToRemove(k)
	if err != nil {
		return err
	}
	ids := make([]domain.ID, len(files))
	for i := range files {
		f := &files[i]
		ids[i], f.RemovedAt = f.ID, &k.Now
		if err := k.Tx.DropVisitFileParts(f.ID); err != nil {
			return err
		}
		if err := k.Tx.SaveVisitFile(f); err != nil {
			return err
		}
	}
	k.Entry(k.Actor, "files.removed", nil, map[string]any{"files": ids, "via": k.How()})
	return nil
}

// filesToRemove are the photos and recordings of the home; CodeState: there are none.
func filesToRemove(k *Request) ([]domain.VisitFile, error) {
	files, err := k.Tx.FilesOfHome(k.Job.ID)
	if err == nil && len(files) == 0 {
		err = domain.Fail(domain.CodeState, "There are no photos of this home.")
	}
	return files, err
}
