// Package restore is the preview of a restore and what comes of it: the tab with the
// plan, captures given from files, the restore of data, and its report.
package restore
