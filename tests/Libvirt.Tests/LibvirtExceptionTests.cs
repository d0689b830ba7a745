namespace Kilonova.Libvirt.Tests;

public sealed class LibvirtExceptionTests
{
    [Theory]
    // VIR_FROM_RPC: "client socket is closed" is an internal error, a broken pipe a system error.
    [InlineData(LibvirtErrorCode.InternalError, 7, true)]
    [InlineData(LibvirtErrorCode.SystemError, 7, true)]
    [InlineData(LibvirtErrorCode.Rpc, 13, true)]
    [InlineData(LibvirtErrorCode.NoConnect, 0, true)]
    [InlineData(LibvirtErrorCode.ConnectionAbandoned, 7, true)]
    // VIR_FROM_QEMU
    [InlineData(LibvirtErrorCode.InternalError, 10, false)]
    [InlineData(LibvirtErrorCode.SystemError, 10, false)]
    [InlineData(LibvirtErrorCode.OperationTimeout, 10, false)]
    [InlineData(LibvirtErrorCode.NoDomain, 10, false)]
    public void A_lost_connection_is_told_from_a_failed_operation(LibvirtErrorCode code, int domain, bool lost)
        => Assert.Equal(lost, new LibvirtException(code, domain, LibvirtErrorLevel.Error, "").IsConnectionLost);

    [Fact]
    public void Codes_are_told_apart()
    {
        static LibvirtException Error(LibvirtErrorCode code) => new(code, 10, LibvirtErrorLevel.Error, "message");

        Assert.True(Error(LibvirtErrorCode.NoDomain).IsNoDomain);
        Assert.True(Error(LibvirtErrorCode.OperationInvalid).IsOperationInvalid);
        Assert.True(Error(LibvirtErrorCode.NoDomainMetadata).IsNoMetadata);
        Assert.True(Error(LibvirtErrorCode.ConfigUnsupported).IsUnsupported);
        Assert.True(Error(LibvirtErrorCode.XmlInvalidSchema).IsBadXml);
        Assert.True(Error(LibvirtErrorCode.AgentUnresponsive).IsAgentUnresponsive);
        Assert.False(Error(LibvirtErrorCode.OperationFailed).IsNoDomain);
        Assert.Equal("message", Error(LibvirtErrorCode.OperationFailed).Message);
    }
}
