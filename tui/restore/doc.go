// Package restore is the preview of a restore and what comes of it: the tab with the
// plan, the choice of its target, captures given from files, the restore of data, and
// its report; and the difference of any two captures, volumes or previews.
package restore
