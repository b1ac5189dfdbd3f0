package plan

// Features is what an image needs of the runtime beyond targets; each bit is
// one function of the runtime that the generated main names, so that the
// linker leaves out the rest.
type Features uint64

// The features, each named after the runtime's function.
const (
	FeatureServices       Features = 1 << iota // service units
	FeatureSockets                             // socket units
	FeatureNotify                              // sd_notify(3): a unit with NotifyAccess= other than none
	FeatureBus                                 // Type=dbus
	FeatureForking                             // Type=forking: PID files, guessing of the main process
	FeatureJournal                             // a stream that leads to the init's log
	FeatureExpand                              // a command line with variables to replace at run time
	FeatureEnvFiles                            // EnvironmentFile=
	FeatureUsers                               // names to look up at run time
	FeatureDirectories                         // directories to remove when a service stops
	FeatureConditions                          // Condition…= and Assert…= that the boot decides
	FeatureBootMarks                           // specifiers that the boot replaces
	FeatureTmpfiles                            // files and folders that the boot makes
	FeatureControl                             // the control socket, and the client of it
	FeatureCapabilities                        // calls that depend on what the init itself may do
	FeaturePrivateTmp                          // PrivateTmp=
	FeatureFDStore                             // FileDescriptorStoreMax= other than 0
	FeatureControls                            // resource controls, by the cgroups of units
	FeatureOOM                                 // OOMPolicy=, or a limit of memory
	FeatureHandover                            // an init that outlives itself: it has programs to lose
	FeatureFilters                             // programs that the kernel asks: devices, addresses, interfaces
	FeatureNamespaces                          // namespaces that the commands of a unit share
	FeatureCredentials                         // LoadCredential= and its kin
	FeatureTerminals                           // terminals that are made ready
	FeatureLogRules                            // units that limit what they log
	FeatureRemoveIPC                           // IPC objects that go with their user's last unit
	FeatureViews                               // views of the file system
	FeatureOwnKernel                           // the set-up of a kernel, with --profile vm or board
	FeatureTrees                               // directories whose contents are to be the unit's
	FeatureOpenFiles                           // OpenFile=
	FeatureRights                              // namespaces that the init may not be let make
	FeatureUtmp                                // programs that stand in the list of who is logged in
	FeatureLogCopies                           // lines that go beside the log: to the kernel's, to the console
	FeatureNodes                               // CPUAffinity=numa
	FeatureLocale                              // a locale that the boot finds out
	FeaturePIDs                                // processes that are the first of their own
	FeatureJournalSockets                      // the sockets of syslog(3) and of a journal: programs, which may log
)
