namespace Kilonova.Libvirt;

/// <summary><c>virErrorNumber</c>, as far as anyone decides by it; other values pass through as numbers.</summary>
public enum LibvirtErrorCode
{
    /// <summary>Raised here, not by libvirt: the connection was closed or given up while the call was queued or in flight.</summary>
    ConnectionAbandoned = -1,

    /// <summary>No error.</summary>
    Ok = 0,

    /// <summary>Internal error.</summary>
    InternalError = 1,

    /// <summary>Out of memory.</summary>
    NoMemory = 2,

    /// <summary>The driver does not have this function.</summary>
    NoSupport = 3,

    /// <summary>Cannot connect to the hypervisor.</summary>
    NoConnect = 5,

    /// <summary>Invalid connection.</summary>
    InvalidConnection = 6,

    /// <summary>Invalid domain object.</summary>
    InvalidDomain = 7,

    /// <summary>Invalid argument.</summary>
    InvalidArgument = 8,

    /// <summary>A command to the hypervisor failed.</summary>
    OperationFailed = 9,

    /// <summary>Malformed or impossible XML.</summary>
    XmlError = 27,

    /// <summary>The domain exists already.</summary>
    DomainExists = 28,

    /// <summary>Not allowed on a read-only connection.</summary>
    OperationDenied = 29,

    /// <summary>Details of an XML error.</summary>
    XmlDetail = 35,

    /// <summary>A system call failed.</summary>
    SystemError = 38,

    /// <summary>An RPC error.</summary>
    Rpc = 39,

    /// <summary>Domain not found.</summary>
    NoDomain = 42,

    /// <summary>Authentication failed.</summary>
    AuthenticationFailed = 45,

    /// <summary>Not applicable in the present state.</summary>
    OperationInvalid = 55,

    /// <summary>Secret not found.</summary>
    NoSecret = 66,

    /// <summary>The configuration is not supported.</summary>
    ConfigUnsupported = 67,

    /// <summary>libvirt's own time-out, such as waiting for a domain's job lock.</summary>
    OperationTimeout = 68,

    /// <summary>Migration worked, making it persistent did not.</summary>
    MigratePersistFailed = 69,

    /// <summary>A hook script failed.</summary>
    HookScriptFailed = 70,

    /// <summary>A flag or argument is not supported by the driver.</summary>
    ArgumentUnsupported = 74,

    /// <summary>Aborted by the user.</summary>
    OperationAborted = 78,

    /// <summary>No metadata under that URI.</summary>
    NoDomainMetadata = 80,

    /// <summary>Migration would not be safe.</summary>
    MigrateUnsafe = 81,

    /// <summary>The operation is not supported.</summary>
    OperationUnsupported = 84,

    /// <summary>The guest agent does not answer.</summary>
    AgentUnresponsive = 86,

    /// <summary>The resource is in use.</summary>
    ResourceBusy = 87,

    /// <summary>Access denied.</summary>
    AccessDenied = 88,

    /// <summary>The guest CPU does not fit the host CPU.</summary>
    CpuIncompatible = 91,

    /// <summary>The XML does not validate against the schema.</summary>
    XmlInvalidSchema = 92,

    /// <summary>The device was not found.</summary>
    DeviceMissing = 99,
}
