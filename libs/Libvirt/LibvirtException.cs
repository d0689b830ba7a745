namespace Kilonova.Libvirt;

/// <summary>A failure that libvirt reported, or the loss of the connection to it.</summary>
public sealed class LibvirtException : Exception
{
    private const int FromRemote = 13;
    private const int FromRpc = 7;

    /// <summary>Makes an error from its parts.</summary>
    public LibvirtException(LibvirtErrorCode code, int domain, LibvirtErrorLevel level, string message, Exception? inner = null)
        : base(message, inner)
    {
        Code = code;
        Domain = domain;
        Level = level;
    }

    /// <summary>What went wrong (<c>virErrorNumber</c>).</summary>
    public LibvirtErrorCode Code { get; }

    /// <summary>The part of libvirt that raised it (<c>virErrorDomain</c>): 10 is QEMU, 7 RPC.</summary>
    public int Domain { get; }

    /// <summary>Severity.</summary>
    public LibvirtErrorLevel Level { get; }

    /// <summary>The call whose error this is, such as <c>virDomainCreateWithFlags</c>; null when no call was made.</summary>
    public string? Operation { get; internal set; }

    /// <summary>The domain does not exist.</summary>
    public bool IsNoDomain => Code == LibvirtErrorCode.NoDomain;

    /// <summary>The domain is in a state in which this cannot be done (start of a running one, destroy of a stopped one).</summary>
    public bool IsOperationInvalid => Code == LibvirtErrorCode.OperationInvalid;

    /// <summary>The domain has no metadata under that URI.</summary>
    public bool IsNoMetadata => Code == LibvirtErrorCode.NoDomainMetadata;

    /// <summary>The driver or QEMU cannot do this at all.</summary>
    public bool IsUnsupported => Code is LibvirtErrorCode.NoSupport or LibvirtErrorCode.OperationUnsupported
        or LibvirtErrorCode.ArgumentUnsupported or LibvirtErrorCode.ConfigUnsupported;

    /// <summary>The XML is malformed, against the schema, or asks for what cannot be.</summary>
    public bool IsBadXml => Code is LibvirtErrorCode.XmlError or LibvirtErrorCode.XmlDetail
        or LibvirtErrorCode.XmlInvalidSchema or LibvirtErrorCode.ConfigUnsupported;

    /// <summary>The guest agent does not answer.</summary>
    public bool IsAgentUnresponsive => Code == LibvirtErrorCode.AgentUnresponsive;

    /// <summary>
    /// The connection is gone, was never there, or was abandoned. Whether a call in flight took effect is not known: look before
    /// repeating it.
    /// </summary>
    public bool IsConnectionLost => !ConnectionSurvived
        && (Code is LibvirtErrorCode.NoConnect or LibvirtErrorCode.InvalidConnection or LibvirtErrorCode.ConnectionAbandoned
            || (Domain is FromRpc or FromRemote
                && Code is LibvirtErrorCode.InternalError or LibvirtErrorCode.SystemError or LibvirtErrorCode.Rpc));

    /// <summary>The code looks like a lost connection, but it was found alive.</summary>
    internal bool ConnectionSurvived { get; set; }

    /// <summary>The call did not come back within its time-out; it may still take effect.</summary>
    public bool IsTimeout => IsConnectionLost && InnerException is TimeoutException;

    internal static LibvirtException NotConnected(string message, Exception? inner = null)
        => new(LibvirtErrorCode.NoConnect, FromRpc, LibvirtErrorLevel.Error, message, inner);

    /// <summary>Whatever made opening fail, nobody is connected: a missing socket is only a system error to libvirt.</summary>
    internal static LibvirtException NotConnected(LibvirtException error) => NotConnected(error.Message, error);

    internal static LibvirtException Abandoned(string message, Exception? inner = null)
        => new(LibvirtErrorCode.ConnectionAbandoned, FromRpc, LibvirtErrorLevel.Error, message, inner);
}

/// <summary>Severity of an error.</summary>
public enum LibvirtErrorLevel
{
    /// <summary>None.</summary>
    None,

    /// <summary>A warning.</summary>
    Warning,

    /// <summary>An error.</summary>
    Error,
}
